package gen_test

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	gocmp "github.com/google/go-cmp/cmp"
)

// sample is what a revision of a vendor's page shows: testdata/pages/PAGE/REVISION.json.
type sample struct {
	Request  any `json:"request"`
	Response any `json:"response"`
}

// readSamples returns the samples of a page by revision.
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

// sourceOf returns the page and the revision of an x-source. Lint checks its form.
func sourceOf(extensions map[string]any) (page, revision string) {
	text, _ := extensions["x-source"].(string)
	page, revision, _ = strings.Cut(text, " ")
	return page, revision
}

const noPage = "none," // the page of "x-source: none, WHY"

func TestSources_NameKnownPagesAndRevisions(t *testing.T) {
	doc := readSpecWithLines(t)
	for _, violation := range unknownSources(t, doc) {
		t.Error(violation)
	}
	if found := lintAll(doc).sources; len(found) < 5 {
		t.Errorf("found only %d sources", len(found))
	}
}

func TestSources_ReportUnknownOnes(t *testing.T) {
	doc := readSpecWithLines(t)
	setSource(doc.Components.Schemas["Contact"].Value.Properties["email"].Value, "no-such-page R1")
	const want = ": Contact.email: no-such-page R1 is unknown: write a page"
	got := unknownSources(t, doc)
	if !slices.ContainsFunc(got, func(violation string) bool { return strings.Contains(violation, want) }) {
		t.Errorf("got %q, want one with %q", got, want)
	}
}

// unknownSources returns a violation for each x-source whose page or revision is not known.
func unknownSources(t *testing.T, doc *openapi3.T) (violations []string) {
	t.Helper()
	known := map[string]map[string]bool{"introduction": {"R1": true}} // it documents no operation
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.ExternalDocs == nil { // TestSpec_FollowsTheRules says so
				continue
			}
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
	for source, places := range lintAll(doc).sources {
		page, revision := sourceOf(map[string]any{"x-source": source})
		for _, place := range places {
			if page != noPage && !known[page][revision] {
				violations = append(violations, place+": "+source+" is unknown: write a page of externalDocs and its "+
					"revision, one in gen/testdata/pages if the page is there")
			}
		}
	}
	return violations
}

// A violation fails the test. A warning does not: a newer revision of a page need not be followed.
func TestSpec_MatchesTheSamples(t *testing.T) {
	e, checked := checkEvidence(t, readSpecWithLines(t))
	for _, violation := range e.violations {
		t.Error(violation)
	}
	for _, warning := range e.warnings {
		t.Log("warning: " + warning)
	}
	if checked < 2 {
		t.Errorf("%d operations have samples of their page, want 2 at least", checked)
	}
}

// checkEvidence compares a spec with the samples of the vendor's pages. It returns the differences,
// and how many operations have samples.
func checkEvidence(t *testing.T, doc *openapi3.T) (all evidence, checked int) {
	t.Helper()
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			page, revision := sourceOf(op.Extensions)
			samples := readSamples(t, page)
			if len(samples) == 0 {
				continue
			}
			checked++
			e := &evidence{page: page, revision: revision, reported: make(map[string]bool)}
			if op.RequestBody != nil {
				shown := make(map[string]any)
				for revision, s := range samples {
					shown[revision] = s.Request
				}
				e.body(op.OperationID+" request", op.Origin, op.RequestBody.Value.Content, shown)
			} else if samples[revision].Request != nil {
				e.report(op.Origin, op.OperationID+" request", "write a requestBody: %s shows one", e.file(revision))
			}
			if response := op.Responses.Status(200); response != nil {
				shown := make(map[string]any)
				for revision, s := range samples {
					shown[revision] = s.Response
				}
				e.body(op.OperationID+" response", op.Origin, response.Value.Content, shown)
			} else {
				e.report(op.Origin, op.OperationID+" response", "write a 200, which its page shows")
			}
			all.violations = append(all.violations, e.violations...)
			all.warnings = append(all.warnings, e.warnings...)
		}
	}
	slices.Sort(all.violations)
	slices.Sort(all.warnings)
	return all, checked
}

// evidence compares an operation with the samples of its page.
type evidence struct {
	page       string
	revision   string          // the one that the operation follows
	reported   map[string]bool // the places of what is not declared
	violations []string
	warnings   []string
}

func (e *evidence) report(at *openapi3.Origin, place, format string, args ...any) {
	e.violations = append(e.violations, lineOf(at)+place+": "+fmt.Sprintf(format, args...))
}

// file returns the name of a sample.
func (e *evidence) file(revision string) string {
	return "gen/testdata/pages/" + e.page + "/" + revision + ".json"
}

// body compares a request or response body with what each revision shows.
func (e *evidence) body(place string, at *openapi3.Origin, content openapi3.Content, shown map[string]any) {
	followed, ok := shown[e.revision]
	if !ok {
		e.report(at, place, "x-source is %s %s: write a revision that is in gen/testdata/pages/%s, or add %s",
			e.page, e.revision, e.page, e.file(e.revision))
	}
	media := content.Get("application/json")
	if media == nil || media.Schema == nil {
		e.report(at, place, "write a schema of application/json: %s shows JSON", e.file(e.revision))
		return
	}
	at = cmp.Or(media.Origin, at)
	example := media.Examples["page"]
	if example == nil {
		e.report(at, place, "write an example with the name page: the complete one of the page")
		return
	}
	if diff := gocmp.Diff(followed, example.Value.Value); diff != "" {
		e.report(at, place, "write the example page as %s has it (-), and not (+)\n%s", e.file(e.revision), diff)
	}
	e.declared(place, media.Schema.Value, e.revision, followed)
	for _, revision := range slices.Sorted(maps.Keys(shown)) {
		if err := media.Schema.Value.VisitJSON(shown[revision], openapi3.MultiErrors()); err != nil {
			e.report(at, place, "%s does not conform, but a server may follow any "+
				"revision: do not require what it omits: %v", e.file(revision), err)
		}
		e.declared(place, media.Schema.Value, revision, shown[revision])
	}
	e.sources(place, media.Schema.Value, nil, shown)
}

// declared reports what a sample shows and the spec does not declare, and warns of it if the
// operation follows another revision.
func (e *evidence) declared(place string, schema *openapi3.Schema, revision string, shown any) {
	report := func(place, what string) {
		if e.reported[place] {
			return
		}
		e.reported[place] = true
		if revision == e.revision {
			e.report(schema.Origin, place, "%s: %s shows it", what, e.file(revision))
			return
		}
		e.warnings = append(e.warnings, fmt.Sprintf("%s%s: %s, if the spec is to follow %s",
			lineOf(schema.Origin), place, what, e.file(revision)))
	}
	switch shown := shown.(type) {
	case map[string]any:
		for name, value := range shown {
			if property := propertyOf(schema, name); property != nil {
				e.declared(place+"/"+name, property, revision, value)
			} else {
				report(place+"/"+name, "declare it")
			}
		}
	case string:
		_, err := time.Parse(time.RFC3339, shown)
		isTime := func(part *openapi3.Schema) bool { return part.Format == "date-time" }
		if err == nil && !slices.ContainsFunc(slices.Collect(partsOf(schema)), isTime) {
			report(place, "write format: date-time")
		}
	case []any:
		items := composed(schema, func(part *openapi3.Schema) *openapi3.SchemaRef { return part.Items })
		for _, element := range shown {
			if items != nil {
				e.declared(place+"/*", items, revision, element)
			}
		}
	}
}

// partsOf yields a schema, and those of which it is composed.
func partsOf(schema *openapi3.Schema) iter.Seq[*openapi3.Schema] {
	return func(yield func(*openapi3.Schema) bool) {
		if !yield(schema) {
			return
		}
		for _, ref := range slices.Concat(schema.AllOf, schema.OneOf, schema.AnyOf) {
			for part := range partsOf(ref.Value) {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// propertyOf returns a property of a schema, or else any additional one, nil if there is none.
func propertyOf(schema *openapi3.Schema, name string) *openapi3.Schema {
	return cmp.Or(
		composed(schema, func(part *openapi3.Schema) *openapi3.SchemaRef { return part.Properties[name] }),
		composed(schema, func(part *openapi3.Schema) *openapi3.SchemaRef { return part.AdditionalProperties.Schema }),
	)
}

// composed returns a schema of what each part of a schema has inside, nil if none has it.
func composed(schema *openapi3.Schema, inside func(*openapi3.Schema) *openapi3.SchemaRef) *openapi3.Schema {
	var found openapi3.SchemaRefs
	for part := range partsOf(schema) {
		if ref := inside(part); ref != nil {
			found = append(found, ref)
		}
	}
	if found == nil {
		return nil
	}
	return &openapi3.Schema{AllOf: found, Origin: found[0].Value.Origin}
}

// sources reports properties that another revision than that of their x-source showed first. A
// property without an x-source has that of the schema around it, which source is.
func (e *evidence) sources(
	place string, schema *openapi3.Schema, source map[string]any, shown map[string]any,
) {
	if schema.Extensions["x-source"] != nil {
		source = schema.Extensions
	}
	for _, part := range slices.Concat(schema.AllOf, schema.OneOf, schema.AnyOf) {
		e.sources(place, part.Value, source, shown)
	}
	if schema.Items != nil {
		first := make(map[string]any)
		for revision, value := range shown {
			if elements, _ := value.([]any); len(elements) > 0 {
				first[revision] = elements[0]
			}
		}
		e.sources(place+"/*", schema.Items.Value, source, first)
		return
	}
	for name, property := range schema.Properties {
		own := property.Extensions
		if property.Ref == "" {
			own = property.Value.Extensions
		}
		if own["x-source"] == nil {
			own = source
		}
		values := make(map[string]any)
		for revision, value := range shown {
			members, _ := value.(map[string]any)
			if member, isShown := members[name]; isShown {
				values[revision] = member
			}
		}
		page, revision := sourceOf(own)
		earliest := firstRevision(values)
		at := cmp.Or(property.Origin, property.Value.Origin)
		switch {
		case page == e.page && earliest == "":
			e.report(at, place+"/"+name, "write x-source: none, WHY: no sample in gen/testdata/pages/%s shows it", page)
		case page == e.page && earliest != revision, page == noPage && earliest != "":
			e.report(at, place+"/"+name, "write x-source: %s %s, which shows it first, and not %s %s",
				e.page, earliest, page, revision)
		}
		if earliest != "" { // what is inside is not shown here, and may contain itself
			e.sources(place+"/"+name, property.Value, own, values)
		}
	}
}

// firstRevision returns the lowest revision, "" if there is none.
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

func TestEvidence_ReportsDifferencesFromSamples(t *testing.T) {
	type document = *openapi3.T
	const page = "setup-autotopup-for-your-account"
	schema := func(d document, name string) *openapi3.Schema {
		return d.Components.Schemas[name].Value
	}
	property := func(d document, name string) *openapi3.SchemaRef {
		return schema(d, "Contact").Properties[name]
	}
	post := func(d document) *openapi3.Operation { return d.Paths.Value(createPath).Post }
	for name, row := range map[string]struct {
		change func(document)
		place  string
		report string // or its beginning
	}{
		"source of a property is too new": {
			change: func(d document) { setSource(property(d, "email").Value, page+" R2") },
			place:  "request/email",
			report: "write x-source: " + page + " R1, which shows it first, and not " + page + " R2",
		},
		"source of a reference is too new": {
			change: func(d document) {
				property(d, "mobile").Extensions = map[string]any{"x-source": page + " R3"}
			},
			place:  "request/mobile",
			report: "write x-source: " + page + " R1, which shows it first, and not " + page + " R3",
		},
		"source of a schema is too new": {
			change: func(d document) { setSource(schema(d, "FilterAttribute"), page+" R2") },
			place:  "request/lists/*/filter/attributes/*/value",
			report: "write x-source: " + page + " R1, which shows it first, and not " + page + " R2",
		},
		"property of a newer revision has the source of its schema": {
			change: func(d document) {
				schema(d, "Autotopup").WithProperty("lastTopup", openapi3.NewDateTimeSchema())
			},
			place:  "response/data/lastTopup",
			report: "write x-source: " + page + " R2, which shows it first, and not " + page + " R1",
		},
		"no revision shows a property": {
			change: func(d document) {
				schema(d, "Contact").WithProperty("x", openapi3.NewStringSchema())
			},
			place:  "request/x",
			report: "write x-source: none, WHY: no sample in gen/testdata/pages/" + page + " shows it",
		},
		"source none of a property that is shown": {
			change: func(d document) { setSource(property(d, "email").Value, "none, x") },
			place:  "request/email",
			report: "write x-source: " + page + " R1, which shows it first, and not none, x",
		},
		"property is not declared": {
			change: func(d document) { delete(schema(d, "ListFilter").Properties, "q") },
			place:  "request/lists/*/filter/q",
			report: "declare it: gen/testdata/pages/" + page + "/R1.json shows it",
		},
		"property of a newer revision is not declared": {
			change: func(document) {},
			place:  "response/data/lastTopup",
			report: "declare it, if the spec is to follow gen/testdata/pages/" + page + "/R2.json",
		},
		"no part of an allOf declares a property": {
			change: func(d document) {
				part := *schema(d, "Contact")
				delete(part.Properties, "email")
				*schema(d, "Contact") = openapi3.Schema{AllOf: openapi3.SchemaRefs{part.NewRef()}}
			},
			place:  "request/email",
			report: "declare it: gen/testdata/pages/" + page + "/R1.json shows it",
		},
		"source of a part of an allOf is too new": {
			change: func(d document) {
				part := *schema(d, "Contact")
				setSource(&part, page+" R2")
				*schema(d, "Contact") = openapi3.Schema{AllOf: openapi3.SchemaRefs{part.NewRef()}}
			},
			place:  "request/email",
			report: "write x-source: " + page + " R1, which shows it first, and not " + page + " R2",
		},
		"date-time without a format": {
			change: func(d document) { property(d, "optIn").Value.Format = "" },
			place:  "request/optIn",
			report: "write format: date-time: gen/testdata/pages/" + page + "/R1.json shows it",
		},
		"sample is invalid": {
			change: func(d document) { schema(d, "ContactError").Required = []string{"x"} },
			place:  "request",
			report: "gen/testdata/pages/" + page + "/R1.json does not conform, but a server may follow any revision",
		},
		"example differs": {
			change: func(d document) {
				example := post(d).RequestBody.Value.Content["application/json"].Examples["page"]
				delete(example.Value.Value.(map[string]any), "email")
			},
			place:  "request",
			report: "write the example page as gen/testdata/pages/" + page + "/R1.json has it (-), and not (+)",
		},
		"example is missing": {
			change: func(d document) {
				delete(post(d).RequestBody.Value.Content["application/json"].Examples, "page")
			},
			place:  "request",
			report: "write an example with the name page",
		},
		"revision without a sample": {
			change: func(d document) { post(d).Extensions["x-source"] = page + " R9" },
			place:  "request",
			report: "x-source is " + page + " R9: write a revision that is in gen/testdata/pages/" + page,
		},
		"request is missing": {
			change: func(d document) { post(d).RequestBody = nil },
			place:  "request",
			report: "write a requestBody: gen/testdata/pages/" + page + "/R1.json shows one",
		},
		"request is no JSON": {
			change: func(d document) { post(d).RequestBody.Value.Content = nil },
			place:  "request",
			report: "write a schema of application/json: gen/testdata/pages/" + page + "/R1.json shows JSON",
		},
		"no part declares a property": {
			change: func(d document) {
				schema(d, "Contact").AllOf = openapi3.SchemaRefs{property(d, "mobile"), property(d, "error")}
				delete(schema(d, "Contact").Properties, "email")
			},
			place:  "request/email",
			report: "declare it: gen/testdata/pages/" + page + "/R1.json shows it",
		},
		"schema of additional properties lacks a property": {
			change: func(d document) {
				schema(d, "Contact").AdditionalProperties.Schema = property(d, "error")
				delete(schema(d, "Contact").Properties, "hubspot")
			},
			place:  "request/hubspot/id",
			report: "declare it: gen/testdata/pages/" + page + "/R1.json shows it",
		},
		"only an older revision shows a property": {
			change: func(d document) {
				post(d).Extensions["x-source"] = page + " R3"
				delete(schema(d, "Contact").Properties, "mobile")
			},
			place:  "request/mobile",
			report: "declare it, if the spec is to follow gen/testdata/pages/" + page + "/R1.json",
		},
		"response is missing": {
			change: func(d document) { post(d).Responses.Delete("200") },
			place:  "response",
			report: "write a 200, which its page shows",
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc := readFrozen(t)
			row.change(doc)
			found, _ := checkEvidence(t, doc)
			want := "createAttribute " + row.place + ": " + row.report
			for _, warning := range found.warnings {
				place, _, _ := strings.Cut(warning, ": ")
				isSame := func(other string) bool { return strings.HasPrefix(other, place+": ") }
				if other := slices.IndexFunc(found.warnings, isSame); found.warnings[other] != warning {
					t.Errorf("warned twice of %s", place)
				}
			}
			isWanted := func(violation string) bool { return strings.HasPrefix(violation, want) }
			if !slices.ContainsFunc(append(found.violations, found.warnings...), isWanted) {
				t.Errorf("got %.2000q, want one that starts with %q", append(found.violations, found.warnings...), want)
			}
		})
	}
}

// TestSpec_MayChange shows changes that neither a rule nor a sample refuses.
func TestSpec_MayChange(t *testing.T) {
	type schema = *openapi3.Schema
	type refs = openapi3.SchemaRefs
	none := func() map[string]any { return map[string]any{"x-source": `none, as "all: of it" is assumed`} }
	text := func(extensions map[string]any) *openapi3.SchemaRef {
		s := openapi3.NewStringSchema()
		s.Description, s.Example, s.Extensions = "x", "x", extensions
		return s.NewRef()
	}
	part := func(contact schema, name string) *openapi3.SchemaRef { // with a property taken from a contact
		part := openapi3.NewObjectSchema().WithPropertyRef(name, contact.Properties[name])
		part.Description = "x"
		delete(contact.Properties, name)
		return part.NewRef()
	}
	reference := func(d *openapi3.T, contact schema, name string) *openapi3.SchemaRef {
		ref := part(contact, name)
		setSource(ref.Value, contact.Extensions["x-source"])
		d.Components.Schemas["Part"] = ref.Value.NewRef()
		ref.Ref = "#/components/schemas/Part"
		return ref
	}
	for name, change := range map[string]func(d *openapi3.T, contact schema){
		"operation without a page": func(d *openapi3.T, _ schema) {
			op := d.Paths.Value("/oauth2/token").Post
			op.ExternalDocs, op.Extensions = nil, none()
			for _, name := range []string{"TokenRequest", "TokenResponse"} {
				setSource(d.Components.Schemas[name].Value, none()["x-source"])
			}
		},
		"source none of a schema":    func(d *openapi3.T, _ schema) { d.Components.Schemas["X"] = text(none()) },
		"source none of a property":  func(_ *openapi3.T, c schema) { c.Properties["x"] = text(none()) },
		"source none of a parameter": func(d *openapi3.T, _ schema) { d.Components.Parameters["limit"].Value.Extensions = none() },
		"source none of a reference": func(_ *openapi3.T, c schema) {
			mobile := *c.Properties["mobile"]
			mobile.Extensions = none()
			c.Properties["x"] = &mobile
		},
		"source none of a header": func(d *openapi3.T, _ schema) {
			header := openapi3.Parameter{Description: "x", Extensions: none(), Schema: text(nil)}
			d.Components.Headers = openapi3.Headers{"X": {Value: &openapi3.Header{Parameter: header}}}
		},
		"source none of an array": func(_ *openapi3.T, c schema) {
			x := openapi3.NewArraySchema()
			x.Description, x.Extensions, x.Items = "x", none(), text(nil)
			c.Properties["x"] = x.NewRef()
		},
		"source none of a part": func(_ *openapi3.T, c schema) {
			c.Properties["x"] = text(nil)
			c.AllOf = refs{part(c, "x")}
			c.AllOf[0].Value.Extensions = none()
		},
		"schema that contains itself": func(_ *openapi3.T, c schema) {
			c.Properties["x"] = &openapi3.SchemaRef{Ref: "#/components/schemas/Contact", Value: c, Extensions: none()}
		},
		"allOf": func(d *openapi3.T, c schema) { c.AllOf = refs{reference(d, c, "email"), part(c, "optIn")} },
		"anyOf": func(d *openapi3.T, c schema) { c.AnyOf = refs{reference(d, c, "email")} },
		"oneOf": func(d *openapi3.T, c schema) { c.OneOf = refs{reference(d, c, "lists")} },
		"allOf in allOf": func(_ *openapi3.T, c schema) {
			c.AllOf = refs{{Value: &openapi3.Schema{Description: "x", AllOf: refs{part(c, "lists")}}}}
		},
		"allOf of one": func(_ *openapi3.T, c schema) {
			c.Properties["optIn"] = (&openapi3.Schema{Description: "x", AllOf: refs{c.Properties["optIn"]}}).NewRef()
			c.Properties["mobile"] = (&openapi3.Schema{Description: "x", AllOf: refs{c.Properties["mobile"]}}).NewRef()
		},
		"property in two parts": func(d *openapi3.T, c schema) {
			mobile, empty := c.Properties["mobile"], openapi3.NewObjectSchema().NewRef()
			empty.Value.Description, empty.Ref = "x", "#/components/schemas/Empty"
			first, last := part(c, "mobile"), part(c, "email")
			first.Value.Properties["mobile"], last.Value.Properties["mobile"] = mobile, empty
			c.AllOf = refs{first, last}
		},
		"elements in two parts": func(d *openapi3.T, c schema) {
			lists, empty := c.Properties["lists"], openapi3.NewObjectSchema().NewRef()
			empty.Value.Description, empty.Ref = "x", "#/components/schemas/Empty"
			other := openapi3.NewArraySchema().NewRef()
			other.Value.Description, other.Value.Items = "x", empty
			first, last := part(c, "lists"), part(c, "email")
			first.Value.Properties["lists"], last.Value.Properties["lists"] = lists, other
			c.AllOf = refs{first, last}
		},
		"reference to a union": func(d *openapi3.T, c schema) {
			c.Properties["mobile"].Value = openapi3.NewOneOfSchema(c.Properties["mobile"].Value)
			c.Properties["mobile"].Value.Type = &openapi3.Types{"object"}
		},
		"typed additional properties": func(_ *openapi3.T, c schema) {
			c.AdditionalProperties = openapi3.BoolSchema{Schema: c.Properties["hubspot"]}
			delete(c.Properties, "hubspot")
		},
		"closed object": func(_ *openapi3.T, c schema) { c.AdditionalProperties.Has = new(false) },
		"known formats": func(_ *openapi3.T, c schema) {
			for format := range strings.SplitSeq(knownFormats, ", ") {
				c.Properties["x-"+format] = text(none())
				c.Properties["x-"+format].Value.Format = format
			}
		},
		"nullable and others": func(_ *openapi3.T, c schema) {
			email := c.Properties["email"].Value
			email.Nullable, email.ReadOnly, email.Deprecated, email.Default = true, true, true, "x"
		},
	} {
		t.Run(name, func(t *testing.T) {
			reports := func(d *openapi3.T) []string {
				found, _ := checkEvidence(t, d)
				return slices.Concat(lint(d), found.violations, found.warnings, unknownSources(t, d))
			}
			doc := readFrozen(t)
			before := reports(doc)
			change(doc, doc.Components.Schemas["Contact"].Value)
			if diff := gocmp.Diff(before, reports(doc)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
