package gen_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// sample is what a revision of a vendor's page shows: testdata/pages/PAGE/REVISION.json.
type sample struct{ Request, Response any }

func readSamples(t *testing.T, page string) map[string]sample {
	t.Helper()
	files, err := filepath.Glob("testdata/pages/" + page + "/R*.json")
	if err != nil {
		t.Fatal(err)
	}
	samples := make(map[string]sample)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var s sample
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		samples[strings.TrimSuffix(filepath.Base(name), ".json")] = s
	}
	return samples
}

// What x-source says is held against the pages that are kept.
func TestEvidence(t *testing.T) {
	checked := 0
	doc := readContract(t)
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			page, revision := sourceOf(op.Extensions)
			samples := readSamples(t, page)
			if len(samples) == 0 {
				continue
			}
			checked++
			e := &evidence{t, page, samples, op.OperationID}
			if op.RequestBody != nil {
				media := op.RequestBody.Value.Content.Get("application/json")
				e.body("request", revision, media, func(s sample) any { return s.Request })
			}
			answer := op.Responses.Status(200)
			if answer == nil {
				t.Errorf("%s has no answer with the status 200, which its page shows", op.OperationID)
				continue
			}
			e.body("response", revision, answer.Value.Content.Get("application/json"), func(s sample) any { return s.Response })
		}
	}
	if checked < 2 {
		t.Errorf("%d operations have samples of their page, want 2 at least", checked)
	}
}

// sourceOf returns page and revision. That there is an x-source is a rule of the contract.
func sourceOf(extensions map[string]any) (page, revision string) {
	source, _ := extensions["x-source"].(string)
	page, revision, _ = strings.Cut(source, " ")
	return page, revision
}

// Every x-source names a page that is known, and a revision of it.
func TestSourcesAreKnown(t *testing.T) {
	known := map[string]map[string]bool{"introduction": {"R1": true}} // the one that is no operation's
	for _, item := range readContract(t).Paths.Map() {
		for _, op := range item.Operations() {
			page := path.Base(op.ExternalDocs.URL)
			_, revision := sourceOf(op.Extensions)
			known[page] = map[string]bool{"R1": true, revision: true}
			if samples := readSamples(t, page); len(samples) > 0 {
				known[page] = make(map[string]bool)
				for revision := range samples {
					known[page][revision] = true
				}
			}
		}
	}
	contract, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for number, line := range strings.Split(string(contract), "\n") {
		_, source, ok := strings.Cut(line, "x-source: ")
		if !ok {
			continue
		}
		found++
		if page, revision := sourceOf(map[string]any{"x-source": source}); !known[page][revision] {
			t.Errorf("openapi.yaml:%d: nothing is known of %s: write a page of externalDocs, and a revision of it (those in testdata/pages, if the page is there)", number+1, source)
		}
	}
	if found < 100 {
		t.Errorf("only %d sources", found)
	}
}

type evidence struct {
	t         *testing.T
	page      string
	samples   map[string]sample
	operation string
}

func (e *evidence) body(place, revision string, media *openapi3.MediaType, of func(sample) any) {
	shown, ok := e.samples[revision]
	if !ok {
		e.t.Errorf("%s follows %s %s, and there is no sample of it", e.operation, e.page, revision)
	}
	example := media.Examples["page"]
	if example == nil {
		e.t.Errorf("%s %s: write an example with the name page, the whole one of the page", e.operation, place)
		return
	}
	if diff := cmp.Diff(of(shown), example.Value.Value); diff != "" {
		e.t.Errorf("%s %s: the page as of %s, which x-source of the operation names (-), is not the example (+)\n%s", e.operation, place, revision, diff)
	}
	for name, s := range e.samples { // the client works with a server of any revision
		if err := media.Schema.Value.VisitJSON(of(s), openapi3.MultiErrors()); err != nil {
			e.t.Errorf("%s %s: the contract refuses the sample of %s, and a server may be of any revision: leave what it does not show optional: %v", e.operation, place, name, err)
		}
	}
	e.declared(place, media.Schema.Value, of(shown))
	bySample := make(map[string]any)
	for name, s := range e.samples {
		bySample[name] = of(s)
	}
	e.sources(place, media.Schema.Value, bySample)
}

// declared finds what the page shows and the contract does not have.
func (e *evidence) declared(place string, schema *openapi3.Schema, shown any) {
	switch shown := shown.(type) {
	case map[string]any:
		for name, value := range shown {
			property := schema.Properties[name]
			if property == nil {
				e.t.Errorf("%s %s/%s: write it into the contract, the page shows it", e.operation, place, name)
				continue
			}
			e.declared(place+"/"+name, property.Value, value)
		}
	case string:
		if _, err := time.Parse(time.RFC3339, shown); err == nil && schema.Format != "date-time" {
			e.t.Errorf("%s %s: write format: date-time, the page shows one", e.operation, place)
		}
	case []any:
		for _, element := range shown {
			e.declared(place+"/*", schema.Items.Value, element)
		}
	}
}

// sources finds properties that the revision of their x-source does not show, or that an earlier one shows already.
func (e *evidence) sources(place string, schema *openapi3.Schema, shown map[string]any) {
	if schema.Items != nil {
		first := make(map[string]any)
		for revision, value := range shown {
			if elements, _ := value.([]any); len(elements) > 0 {
				first[revision] = elements[0]
			}
		}
		e.sources(place+"/*", schema.Items.Value, first)
		return
	}
	for name, property := range schema.Properties {
		extensions := property.Value.Extensions
		if property.Ref != "" {
			extensions = property.Extensions
		}
		inSamples := make(map[string]any)
		for revision, value := range shown {
			if members, _ := value.(map[string]any); members[name] != nil {
				inSamples[revision] = members[name]
			}
		}
		page, revision := sourceOf(extensions)
		if earliest := firstRevision(inSamples); page == e.page && earliest != revision {
			e.t.Errorf("%s %s/%s: x-source says %s, and it is first shown by %q", e.operation, place, name, revision, earliest)
		}
		e.sources(place+"/"+name, property.Value, inSamples)
	}
}

func firstRevision(shown map[string]any) string {
	var numbers []int
	for revision := range shown {
		n, _ := strconv.Atoi(strings.TrimPrefix(revision, "R"))
		numbers = append(numbers, n)
	}
	if len(numbers) == 0 {
		return ""
	}
	return "R" + strconv.Itoa(slices.Min(numbers))
}
