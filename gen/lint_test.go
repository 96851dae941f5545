package gen_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	gocmp "github.com/google/go-cmp/cmp"
)

// The rules of this spec, beside those of OpenAPI. Each says what to write.
const (
	writeOperationID = "write an operationId such as listAttributes: it names the Go method"
	writeSummary     = "write a summary, the title of the vendor's page"
	writePurpose     = "write a description: what it does, and what the vendor's page contradicts"
	writeAddress     = "write externalDocs with the address of the vendor's page"
	writeDescription = "write a description"
	writeExample     = "write an example, the vendor's own"
	writeExamples    = "write examples, with the complete one of the vendor's page as page"
	writeSchema      = "write a schema"
	writeResponse    = `write a response %s, such as $ref: "#/components/responses/Failure"`

	writeSource = "write x-source: the last part of the address of the vendor's page, a space, " +
		"and its revision, such as R1; or none, and why"
	samePage   = "write the same page in x-source as in externalDocs.url, which is %s and not %s"
	omitSource = "omit x-source: it is that of the schema"

	nameSchema = "name its schema: write it under components/schemas, and a $ref here"
	nameObject = "name the object: write it under components/schemas, and a $ref here"
	nameEnum   = "name the enum: write it under components/schemas, and a $ref here"

	writeType       = "write type: object, or a text is valid too"
	writeInt64      = "write format: int64, or it overflows where an int has 32 bits"
	correctFormat   = "correct format: %s: it is none of " + knownFormats
	inlineContainer = "write the array or map here, and no $ref, or it becomes a pointer to one"

	knownFormats = "binary, byte, date, date-time, double, email, float, int32, int64, password, uri, uuid"
)

func TestSpec_FollowsTheRules(t *testing.T) {
	for _, violation := range lint(readSpecWithLines(t)) {
		t.Error(violation)
	}
}

// lint returns the violations of the rules, each as "openapi.yaml:LINE: place: rule", or without
// the line if the document has none.
func lint(doc *openapi3.T) []string { return lintAll(doc).violations }

func lintAll(doc *openapi3.T) *linter {
	l := &linter{sources: make(map[string][]string)}
	for _, name := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(name)
		l.parameters(name, item.Parameters)
		for method, op := range item.Operations() {
			l.operation(method+" "+name, op)
		}
	}
	for name, schema := range doc.Components.Schemas {
		l.source(schema.Value.Origin, name, schema.Value.Extensions)
		l.schema(name, schema.Value, schema.Value.Extensions["x-source"])
	}
	for name, parameter := range doc.Components.Parameters { // including unused ones
		l.parameters("parameter "+name, openapi3.Parameters{parameter})
	}
	for name, header := range doc.Components.Headers {
		l.header("header "+name, header.Value)
	}
	slices.Sort(l.violations)
	return l
}

type linter struct {
	violations []string
	sources    map[string][]string // the places of each x-source
}

func (l *linter) check(at *openapi3.Origin, conforms bool, place, rule string, args ...any) {
	if !conforms {
		l.violations = append(l.violations, lineOf(at)+place+": "+fmt.Sprintf(rule, args...))
	}
}

// lineOf returns where an element of the spec is, "" if it is not known.
func lineOf(at *openapi3.Origin) string {
	if at == nil || at.Key == nil {
		return ""
	}
	return fmt.Sprintf("openapi.yaml:%d: ", at.Key.Line)
}

var operationID = regexp.MustCompile(`^[a-z][a-zA-Z]*$`)

func (l *linter) operation(place string, op *openapi3.Operation) {
	at := op.Origin
	l.check(at, operationID.MatchString(op.OperationID), place, writeOperationID)
	l.check(at, op.Summary != "", place, writeSummary)
	l.check(at, op.Description != "", place, writePurpose)
	page, hasPage := l.source(at, place, op.Extensions)
	l.check(at, op.ExternalDocs != nil || !hasPage, place, writeAddress)
	if op.ExternalDocs != nil && page != "" {
		documented := path.Base(op.ExternalDocs.URL)
		l.check(at, documented == page, place, samePage, documented, page)
	}
	l.parameters(place, op.Parameters)
	hasExamples := op.Security == nil // the fake server needs none for createToken
	if op.RequestBody != nil {
		body := op.RequestBody.Value
		l.check(body.Origin, body.Description != "", place+" body", writeDescription)
		l.content(place+" body", body.Content, hasExamples)
	}
	for _, status := range []string{"4XX", "5XX"} {
		l.check(at, op.Responses.Value(status) != nil, place, writeResponse, status)
	}
	for status, response := range op.Responses.Map() {
		for name, header := range response.Value.Headers {
			l.header(place+" "+status+" "+name, header.Value)
		}
		l.content(place+" "+status, response.Value.Content, hasExamples)
	}
}

func (l *linter) header(place string, header *openapi3.Header) {
	l.check(header.Origin, header.Description != "", place, writeDescription)
	l.source(header.Origin, place, header.Extensions)
	l.inline(header.Origin, place, header.Schema)
}

func (l *linter) content(place string, content openapi3.Content, hasExamples bool) {
	for mediaType, media := range content {
		place := place + " " + mediaType
		l.check(media.Origin, media.Schema != nil && media.Schema.Ref != "", place, nameSchema)
		l.check(media.Origin, !hasExamples || len(media.Examples) > 0, place, writeExamples)
	}
}

func (l *linter) parameters(place string, parameters openapi3.Parameters) {
	for _, ref := range parameters {
		p := ref.Value
		place := place + " " + p.In + "." + p.Name
		l.check(p.Origin, p.Description != "", place, writeDescription)
		l.source(p.Origin, place, p.Extensions)
		l.inline(p.Origin, place, p.Schema)
	}
}

// inline checks the schema of a parameter or a header. The parameter or header describes it.
func (l *linter) inline(at *openapi3.Origin, place string, ref *openapi3.SchemaRef) {
	l.check(at, ref != nil, place, writeSchema)
	if ref == nil || ref.Ref != "" {
		return
	}
	l.named(place, ref.Value)
	l.formats(place, ref.Value)
	if ref.Value.Items != nil {
		l.inline(at, place+"[]", ref.Value.Items)
	}
}

// schema checks a schema and those inside it. Without an x-source of its own, each of those has
// the source of the schema around it.
func (l *linter) schema(place string, schema *openapi3.Schema, source any) {
	at := schema.Origin
	l.check(at, schema.Description != "", place, writeDescription)
	parts := slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf)
	isLeaf := schema.Properties == nil && schema.Items == nil && len(schema.Enum)+len(parts) == 0
	l.check(at, !isLeaf || schema.Example != nil, place, writeExample)
	l.check(at, schema.Properties == nil || schema.Type.Is("object"), place, writeType)
	l.formats(place, schema)
	for name, property := range schema.Properties {
		at, place, value := cmp.Or(property.Origin, property.Value.Origin), place+"."+name, property.Value
		l.check(at, property.Ref == "" || !isArray(value) && !isMap(value), place, inlineContainer)
		l.nested(place, property, source)
	}
	l.nested(place+"[]", schema.Items, source)
	l.nested(place+".*", schema.AdditionalProperties.Schema, source)
	l.nested(place+" not", schema.Not, source)
	for i, part := range parts {
		place := fmt.Sprintf("%s of %d", place, i+1)
		if i < len(schema.AllOf) && part.Ref == "" { // it becomes no Go type of its own
			l.schema(place, part.Value, l.ownSource(part.Value.Origin, place, part.Value.Extensions, source))
			continue
		}
		l.nested(place, part, source)
	}
}

// nested checks a schema that is not a component.
func (l *linter) nested(place string, ref *openapi3.SchemaRef, source any) {
	if ref == nil {
		return
	}
	if ref.Ref != "" {
		l.ownSource(ref.Origin, place, ref.Extensions, source)
		return
	}
	l.named(place, ref.Value)
	l.schema(place, ref.Value, l.ownSource(ref.Value.Origin, place, ref.Value.Extensions, source))
}

// named checks that what becomes a Go type has a name.
func (l *linter) named(place string, schema *openapi3.Schema) {
	l.check(schema.Origin, schema.Properties == nil, place, nameObject)
	l.check(schema.Origin, len(schema.Enum) == 0, place, nameEnum)
}

func (l *linter) formats(place string, schema *openapi3.Schema) {
	isID := strings.HasSuffix(strings.ToLower(place), "id")
	l.check(schema.Origin, !schema.Type.Is("integer") || !isID || schema.Format == "int64", place, writeInt64)
	isKnown := schema.Format == "" || slices.Contains(strings.Split(knownFormats, ", "), schema.Format)
	l.check(schema.Origin, isKnown, place, correctFormat, schema.Format)
}

func isArray(schema *openapi3.Schema) bool { return schema.Type.Is("array") || schema.Items != nil }

// isMap reports whether the Go type of a schema is a map.
func isMap(schema *openapi3.Schema) bool {
	return schema.Properties == nil && len(schema.AllOf)+len(schema.OneOf)+len(schema.AnyOf) == 0 &&
		(schema.Type.Is("object") || schema.AdditionalProperties.Schema != nil)
}

var sourceForm = regexp.MustCompile(`^(?:([a-z0-9-]+) R[1-9][0-9]*|none, \S.*)$`)

// source checks an x-source. It returns its page, and whether it should have one: not if it says
// why there is none.
func (l *linter) source(at *openapi3.Origin, place string, extensions map[string]any) (page string, hasPage bool) {
	text, _ := extensions["x-source"].(string)
	form := sourceForm.FindStringSubmatch(text)
	l.check(at, form != nil, place, writeSource)
	if form == nil {
		return "", true
	}
	l.sources[text] = append(l.sources[text], lineOf(at)+place)
	return form[1], form[1] != ""
}

// ownSource checks the x-source of a property, which may be absent. It returns the one that
// applies.
func (l *linter) ownSource(at *openapi3.Origin, place string, extensions map[string]any, ofSchema any) any {
	own := extensions["x-source"]
	if own == nil {
		return ofSchema
	}
	l.source(at, place, extensions)
	l.check(at, own != ofSchema, place, omitSource)
	return own
}

const (
	createPath = "/v1/accounts/{accountId}/attributes/{attributeType}"
	createPost = "POST " + createPath
	tokenPost  = "POST /oauth2/token"
)

func TestLint_ReportsEachRuleAlone(t *testing.T) {
	type document = *openapi3.T
	post := func(d document) *openapi3.Operation { return d.Paths.Value(createPath).Post }
	token := func(d document) *openapi3.Operation { return d.Paths.Value("/oauth2/token").Post }
	schema := func(d document, name string) *openapi3.Schema {
		return d.Components.Schemas[name].Value
	}
	property := func(d document, of, name string) *openapi3.SchemaRef {
		return schema(d, of).Properties[name]
	}
	parameter := func(d document, name string) *openapi3.Parameter {
		return d.Components.Parameters[name].Value
	}
	valid := func() *openapi3.Schema {
		s := openapi3.NewStringSchema()
		s.Description, s.Example = "x", "x"
		s.Extensions = map[string]any{"x-source": "p R1"}
		return s
	}
	validObject := func() *openapi3.SchemaRef {
		s := openapi3.NewObjectSchema().WithAnyAdditionalProperties().WithProperty("x", valid())
		s.Description, s.Extensions = "x", valid().Extensions
		delete(s.Properties["x"].Value.Extensions, "x-source")
		return s.NewRef()
	}
	header := func(extensions map[string]any, schema *openapi3.SchemaRef) openapi3.Headers {
		return openapi3.Headers{"Left": {Value: &openapi3.Header{Parameter: openapi3.Parameter{
			Description: "x", Extensions: extensions, Schema: schema,
		}}}}
	}
	plain := openapi3.NewStringSchema().NewRef()

	for want, change := range map[string]func(document){
		createPost + ": " + writeOperationID: func(d document) { post(d).OperationID = "" },
		createPost + ": " + writeSummary:     func(d document) { post(d).Summary = "" },
		createPost + ": " + writePurpose:     func(d document) { post(d).Description = "" },
		createPost + ": " + writeAddress:     func(d document) { post(d).ExternalDocs = nil },
		createPost + ": " + writeSource:      func(d document) { post(d).Extensions = nil },
		createPost + ": " + fmt.Sprintf(writeResponse, "4XX"): func(d document) {
			post(d).Responses.Delete("4XX")
		},
		createPost + " body: " + writeDescription: func(d document) {
			post(d).RequestBody.Value.Description = ""
		},
		createPost + " body application/json: " + writeExamples: func(d document) {
			post(d).RequestBody.Value.Content["application/json"].Examples = nil
		},
		createPost + " 200 Left: " + writeSource: func(d document) {
			empty := openapi3.NewResponse()
			post(d).Responses = openapi3.NewResponses(
				openapi3.WithName("200", &openapi3.Response{Headers: header(nil, plain)}),
				openapi3.WithName("4XX", empty), openapi3.WithName("5XX", empty),
			)
		},
		tokenPost + ": " + fmt.Sprintf(samePage, "quickstart", "introduction"): func(d document) {
			token(d).Extensions["x-source"] = "introduction R1"
		},
		tokenPost + " body application/json: " + nameSchema: func(d document) {
			token(d).RequestBody.Value.Content["application/json"].Schema.Ref = ""
		},

		createPath + " path.attributeType: " + writeDescription: func(d document) {
			parameter(d, "attributeType").Description = ""
		},
		createPath + " path.attributeType: " + writeSource: func(d document) {
			parameter(d, "attributeType").Extensions["x-source"] = "R1"
		},
		createPath + " path.attributeType: " + nameEnum: func(d document) {
			parameter(d, "attributeType").Schema.Ref = ""
		},
		createPath + " path.attributeType[]: " + nameEnum: func(d document) {
			enum := openapi3.NewStringSchema().WithEnum("x")
			array := openapi3.NewArraySchema().WithItems(enum)
			parameter(d, "attributeType").Schema = array.NewRef()
		},
		createPath + " path.accountId: " + writeInt64: func(d document) {
			parameter(d, "accountId").Schema = openapi3.NewIntegerSchema().NewRef()
		},
		"parameter unused query.unused: " + writeDescription: func(d document) {
			unused := &openapi3.Parameter{
				Name: "unused", In: "query", Schema: plain, Extensions: valid().Extensions,
			}
			d.Components.Parameters["unused"] = &openapi3.ParameterRef{Value: unused}
		},
		"header Left: " + writeSource: func(d document) {
			d.Components.Headers = header(nil, plain)
		},
		"header Left: " + writeSchema: func(d document) {
			d.Components.Headers = header(valid().Extensions, nil)
		},

		"Contact: " + writeSource: func(d document) { schema(d, "Contact").Extensions = nil },
		"Contact.email: " + writeSource: func(d document) {
			setSource(property(d, "Contact", "email").Value, "page r1")
		},
		"Contact.mobile: " + writeSource: func(d document) {
			property(d, "Contact", "mobile").Extensions = map[string]any{"x-source": "none"}
		},
		"FilterAttribute.value[]: " + writeSource: func(d document) {
			setSource(property(d, "FilterAttribute", "value").Value.Items.Value, "R1")
		},
		"Contact not: " + writeSource: func(d document) {
			schema(d, "Contact").Not = valid().NewRef()
			setSource(schema(d, "Contact").Not.Value, "p")
		},
		"Contact.email: " + omitSource: func(d document) {
			source := schema(d, "Contact").Extensions["x-source"]
			setSource(property(d, "Contact", "email").Value, source)
		},
		"Contact.mobile: " + omitSource: func(d document) {
			property(d, "Contact", "mobile").Extensions = schema(d, "Contact").Extensions
		},
		"Contact of 1: " + omitSource: func(d document) {
			part := *property(d, "Contact", "mobile")
			part.Extensions = schema(d, "Contact").Extensions
			schema(d, "Contact").AllOf = openapi3.SchemaRefs{&part}
		},
		"FilterAttribute.value[]: " + omitSource: func(d document) {
			value := property(d, "FilterAttribute", "value").Value
			setSource(value, "page R2")
			setSource(value.Items.Value, "page R2")
		},

		"Contact.email: " + writeDescription: func(d document) {
			property(d, "Contact", "email").Value.Description = ""
		},
		"Contact.*: " + writeDescription: func(d document) {
			additional := valid()
			additional.Description = ""
			schema(d, "Contact").AdditionalProperties.Schema = additional.NewRef()
		},
		"Contact.email: " + writeExample: func(d document) {
			property(d, "Contact", "email").Value.Example = nil
		},
		"Contact of 1: " + writeExample: func(d document) {
			part := valid()
			part.Example = nil
			schema(d, "Contact").AllOf = openapi3.SchemaRefs{part.NewRef()}
		},
		"Contact.email: " + nameEnum: func(d document) {
			property(d, "Contact", "email").Value.Enum = []any{"x"}
		},
		"FilterAttribute.value[]: " + nameEnum: func(d document) {
			property(d, "FilterAttribute", "value").Value.Items.Value.Enum = []any{"x"}
		},
		"Contact.other: " + nameObject: func(d document) {
			schema(d, "Contact").Properties["other"] = validObject()
		},
		"Contact.lists[]: " + nameObject: func(d document) {
			property(d, "Contact", "lists").Value.Items = validObject()
		},
		"Contact.lists: " + inlineContainer: func(d document) {
			lists := property(d, "Contact", "lists")
			lists.Ref, lists.Extensions = "#/components/schemas/Lists", lists.Value.Extensions
		},
		"ListSource: " + writeType: func(d document) { schema(d, "ListSource").Type = nil },
		"Contact.email: " + fmt.Sprintf(correctFormat, "e-mail"): func(d document) {
			property(d, "Contact", "email").Value.Format = "e-mail"
		},
		"ContactIntegration.id: " + writeInt64: func(d document) {
			property(d, "ContactIntegration", "id").Value.Format = ""
		},
	} {
		t.Run(want, func(t *testing.T) {
			doc := readFrozen(t)
			change(doc)
			isExpected := func(violation string) bool {
				switch {
				case strings.HasPrefix(want, createPath+" path."):
					// A component is also reported for itself, and for each path that uses it.
					return strings.HasPrefix(violation, createPath+" ")
				case strings.HasPrefix(want, createPost+" body"):
					return !strings.HasPrefix(violation, "PUT ") // the PUT has the same body
				}
				return true
			}
			var got []string
			for _, violation := range slices.Compact(lint(doc)) {
				if isExpected(violation) {
					got = append(got, violation)
				}
			}
			if diff := gocmp.Diff([]string{want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLint_NamesTheLine(t *testing.T) {
	doc := readSpecWithLines(t)
	doc.Components.Schemas["Contact"].Value.Properties["email"].Value.Description = ""
	text, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "\n        email:\n") // the first is that of Contact
	want := fmt.Sprintf("openapi.yaml:%d: Contact.email: %s", strings.Count(before, "\n")+2, writeDescription)
	if got := lint(doc); !slices.Contains(got, want) { // TestSpec_FollowsTheRules reports the rest
		t.Errorf("got %q, want %q", got, want)
	}
}

// setSource sets the x-source of a schema, whose extensions may be shared.
func setSource(schema *openapi3.Schema, source any) {
	extensions := map[string]any{"x-source": source}
	for name, value := range schema.Extensions {
		if name != "x-source" {
			extensions[name] = value
		}
	}
	schema.Extensions = extensions
}
