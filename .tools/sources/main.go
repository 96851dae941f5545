// Sources copies a contract and writes what x-source says into each description, so that the doc comments that
// the generator makes of the descriptions tell it. Usage: sources CONTRACT COPY.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

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
	var original, document yaml.Node
	if err := errors.Join(yaml.Unmarshal(contract, &original), yaml.Unmarshal(contract, &document)); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	sources{&original}.tell(&document)
	told, err := yaml.Marshal(&document)
	if err != nil {
		return err
	}
	return os.WriteFile(to, told, 0o644)
}

// sources rewrites a copy of a contract so that the generator shows what each x-source says.
type sources struct{ original *yaml.Node }

func (s sources) tell(node *yaml.Node) {
	if node.Kind == yaml.MappingNode {
		if source := textOf(node, "x-source"); source != "" {
			s.tellIn(node, source)
		}
	}
	for _, child := range node.Content {
		s.tell(child)
	}
}

func (s sources) tellIn(node *yaml.Node, source string) {
	description := textOf(node, "description")
	if ref := textOf(node, "$ref"); ref != "" { // the generator sees nothing beside a reference, and the description of what it is to
		description = textOf(s.target(ref), "description")
		remove(node, "$ref")
		set(node, "allOf", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{mapping("$ref", text(ref))}})
	}
	told := text(strings.TrimPrefix(description+"\n\nSource: "+source, "\n\n"))
	set(node, "description", told)
	if schema := valueOf(node, "schema"); schema != nil && textOf(schema, "$ref") == "" { // of a parameter: it becomes a type
		set(schema, "description", told)
	}
}

// target is what a reference inside the document leads to.
func (s sources) target(ref string) *yaml.Node {
	node := s.original.Content[0]
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		if node = valueOf(node, name); node == nil {
			return &yaml.Node{} // the generator says so
		}
	}
	return node
}

func text(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

func mapping(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text(key), value}}
}

func textOf(node *yaml.Node, key string) string {
	if value := valueOf(node, key); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

func valueOf(node *yaml.Node, key string) *yaml.Node {
	if i := indexOf(node, key); i >= 0 {
		return node.Content[i+1]
	}
	return nil
}

func set(node *yaml.Node, key string, value *yaml.Node) {
	if i := indexOf(node, key); i >= 0 {
		node.Content[i+1] = value
		return
	}
	node.Content = append(node.Content, text(key), value)
}

func remove(node *yaml.Node, key string) {
	if i := indexOf(node, key); i >= 0 {
		node.Content = slices.Delete(node.Content, i, i+2)
	}
}

// indexOf is where a key of a mapping stands in its content, -1 if nowhere.
func indexOf(node *yaml.Node, key string) int {
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return i
			}
		}
	}
	return -1
}
