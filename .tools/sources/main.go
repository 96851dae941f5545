// Sources copies a contract and writes what x-source says into each description, so that the doc comments that
// the generator makes of the descriptions tell it. Usage: sources CONTRACT COPY.
package main

import (
	"fmt"
	"log"
	"os"

	"go.yaml.in/yaml/v3"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: sources CONTRACT COPY")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(from, to string) error {
	contract, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(contract, &document); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	tellSources(&document)
	told, err := yaml.Marshal(&document)
	if err != nil {
		return err
	}
	return os.WriteFile(to, told, 0o644)
}

func tellSources(node *yaml.Node) {
	if node.Kind == yaml.MappingNode {
		description, source := valueOf(node, "description"), valueOf(node, "x-source")
		if description != nil && source != nil {
			description.Value += "\n\nSource: " + source.Value
		}
	}
	for _, child := range node.Content {
		tellSources(child)
	}
}

// valueOf is the text under a key of a mapping.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if value := mapping.Content[i+1]; mapping.Content[i].Value == key && value.Kind == yaml.ScalarNode {
			return value
		}
	}
	return nil
}
