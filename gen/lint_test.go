package gen_test

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// The rules of this contract, beside those of OpenAPI. Each message says what to write.
func TestContractRules(t *testing.T) {
	for _, broken := range lint(readContract(t)) {
		t.Error(broken)
	}
}

func lint(doc *openapi3.T) []string {
	l := &linter{}
	for _, name := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(name)
		l.parameters(name, item.Parameters)
		for method, op := range item.Operations() {
			l.operation(method+" "+name, op)
		}
	}
	for name, schema := range doc.Components.Schemas {
		l.schema(name, schema)
	}
	for name, parameter := range doc.Components.Parameters { // those that nothing refers to, too
		l.parameters("parameter "+name, openapi3.Parameters{parameter})
	}
	for name, header := range doc.Components.Headers {
		l.header("header "+name, header.Value)
	}
	slices.Sort(l.found)
	return l.found
}

type linter struct{ found []string }

func (l *linter) want(holds bool, place, write string, args ...any) {
	if !holds {
		l.found = append(l.found, place+": "+fmt.Sprintf(write, args...))
	}
}

var operationID = regexp.MustCompile(`^[a-z][a-zA-Z]*$`)

func (l *linter) operation(place string, op *openapi3.Operation) {
	l.want(operationID.MatchString(op.OperationID), place, "write an operationId such as listAttributes: it names the Go method")
	l.want(op.Summary != "", place, "write a summary, the title of the vendor's page")
	l.want(op.Description != "", place, "write a description: what it does, and where the vendor's page contradicts itself")
	l.want(op.ExternalDocs != nil, place, "write externalDocs with the address of the vendor's page")
	page := l.source(place, op.Extensions)
	if op.ExternalDocs != nil && page != "" {
		l.want(path.Base(op.ExternalDocs.URL) == page, place, "write the last part of externalDocs.url in x-source: it is %s and not %s", path.Base(op.ExternalDocs.URL), page)
	}
	l.parameters(place, op.Parameters)
	if op.RequestBody != nil {
		body := op.RequestBody.Value
		l.want(body.Description != "", place+" body", "write a description")
		l.content(place+" body", body.Content, op.Security == nil)
	}
	for _, status := range []string{"4XX", "5XX"} {
		l.want(op.Responses.Value(status) != nil, place, "write a response %s, such as $ref: \"#/components/responses/Failure\"", status)
	}
	for status, response := range op.Responses.Map() {
		for name, header := range response.Value.Headers {
			l.header(place+" "+status+" "+name, header.Value)
		}
		l.content(place+" "+status, response.Value.Content, op.Security == nil)
	}
}

func (l *linter) header(place string, header *openapi3.Header) {
	l.want(header.Description != "", place, "write a description")
	l.source(place, header.Extensions)
	l.inline(place, header.Schema)
}

// content wants examples of what bears no credentials: the double answers with them.
func (l *linter) content(place string, content openapi3.Content, examples bool) {
	for media, c := range content {
		place := place + " " + media
		l.want(c.Schema != nil && c.Schema.Ref != "", place, "give its schema a name: write it under components/schemas, and a $ref here")
		l.want(!examples || len(c.Examples) > 0, place, "write examples: page: value: and the whole one of the vendor's page")
	}
}

func (l *linter) parameters(place string, parameters openapi3.Parameters) {
	for _, ref := range parameters {
		p := ref.Value
		place := place + " " + p.In + "." + p.Name
		l.want(p.Description != "", place, "write a description")
		l.source(place, p.Extensions)
		l.inline(place, p.Schema)
	}
}

// inline is for the schema of a parameter or a header, which describe it.
func (l *linter) inline(place string, ref *openapi3.SchemaRef) {
	l.want(ref != nil, place, "write a schema")
	if ref != nil && ref.Ref == "" {
		l.named(place, ref.Value)
		l.formats(place, ref.Value)
		if ref.Value.Items != nil {
			l.inline(place+"[]", ref.Value.Items)
		}
	}
}

// named wants a name for what becomes a Go type.
func (l *linter) named(place string, schema *openapi3.Schema) {
	l.want(schema.Properties == nil, place, "give it a name: write the object under components/schemas, and a $ref here")
	l.want(len(schema.Enum) == 0, place, "give its options a name: write the enum under components/schemas, and a $ref here")
}

func (l *linter) formats(place string, schema *openapi3.Schema) {
	l.want(!schema.Type.Is("number") || schema.Format == "double", place, "write format: double, or it becomes a float32, which loses money")
	isID := strings.HasSuffix(strings.ToLower(place), "id")
	l.want(!schema.Type.Is("integer") || !isID || schema.Format == "int64", place, "write format: int64, or it overflows where an int has 32 bits")
	l.want(slices.Contains([]string{"", "date-time", "double", "int64"}, schema.Format), place, "leave out format: %s: no page of the vendor has it", schema.Format)
}

func isArray(schema *openapi3.Schema) bool { return schema.Type.Is("array") || schema.Items != nil }

// isMap tells whether Go has a map for it.
func isMap(schema *openapi3.Schema) bool {
	return schema.Properties == nil && (schema.Type.Is("object") || schema.AdditionalProperties.Schema != nil)
}

func (l *linter) schema(place string, ref *openapi3.SchemaRef) {
	schema := ref.Value
	l.want(schema.Description != "", place, "write a description")
	l.source(place, schema.Extensions)
	parts := len(schema.AllOf) + len(schema.AnyOf) + len(schema.OneOf)
	leaf := schema.Properties == nil && schema.Items == nil && len(schema.Enum) == 0 && parts == 0
	l.want(!leaf || schema.Example != nil, place, "write an example, the vendor's own")
	l.formats(place, schema)
	open := schema.AdditionalProperties.Has
	l.want(!schema.Type.Is("object") || open != nil && *open, place, "write additionalProperties: true, so that its Go type keeps what is not declared here")
	for name, property := range schema.Properties {
		at := place + "." + name
		if property.Ref != "" {
			l.source(at, property.Extensions)
			l.want(!isArray(property.Value) && !isMap(property.Value), at, "write the list or map here, and no $ref, or it becomes a pointer to one")
			continue
		}
		l.named(at, property.Value)
		container := isArray(property.Value) || property.Value.Type.Is("object")
		optional := !slices.Contains(schema.Required, name)
		l.want(!container || !optional || property.Value.Extensions["x-omitempty"] == false, at, "write x-omitempty: false, or an empty value that the caller set is not sent")
		l.schema(at, property)
	}
	l.nested(place+"[]", schema.Items)
	l.nested(place+".*", schema.AdditionalProperties.Schema)
	l.nested(place+" not", schema.Not)
	for i, part := range slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf) {
		l.nested(fmt.Sprintf("%s of %d", place, i+1), part)
	}
}

func (l *linter) nested(place string, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Ref != "" {
		return
	}
	l.named(place, ref.Value)
	l.schema(place, ref)
}

var sourceForm = regexp.MustCompile(`^([a-z0-9-]+) R[1-9][0-9]*$`)

// source returns the page of x-source.
func (l *linter) source(place string, extensions map[string]any) string {
	text, _ := extensions["x-source"].(string)
	form := sourceForm.FindStringSubmatch(text)
	l.want(form != nil, place, "write x-source: the last part of the address of the vendor's page, a space, and its revision, such as R1")
	if form == nil {
		return ""
	}
	return form[1]
}

// Each rule finds what it is for, and nothing else does.
func TestRulesFindWhatIsBroken(t *testing.T) {
	const create = "/v1/accounts/{accountId}/attributes/{attributeType}"
	const source = "write x-source: the last part of the address of the vendor's page, a space, and its revision, such as R1"
	post := func(doc *openapi3.T) *openapi3.Operation { return doc.Paths.Value(create).Post }
	property := func(doc *openapi3.T, schema, name string) *openapi3.SchemaRef {
		return doc.Components.Schemas[schema].Value.Properties[name]
	}
	inline := func() *openapi3.SchemaRef {
		s := openapi3.NewObjectSchema().WithProperty("x", openapi3.NewStringSchema())
		s.Properties["x"].Value.Description, s.Properties["x"].Value.Example = "x", "x"
		s.Description = "x"
		s.Extensions = map[string]any{"x-source": "p R1", "x-omitempty": false}
		s.Properties["x"].Value.Extensions = s.Extensions
		s.AdditionalProperties.Has = new(true)
		return s.NewRef()
	}
	described := func(breakIt func(*openapi3.Schema)) *openapi3.SchemaRef {
		s := openapi3.NewStringSchema()
		s.Description, s.Example, s.Extensions = "x", "x", map[string]any{"x-source": "p R1"}
		breakIt(s)
		return s.NewRef()
	}
	for want, breakIt := range map[string]func(*openapi3.T){
		"POST " + create + ": write an operationId such as listAttributes: it names the Go method":               func(d *openapi3.T) { post(d).OperationID = "" },
		"POST " + create + ": write a summary, the title of the vendor's page":                                   func(d *openapi3.T) { post(d).Summary = "" },
		"POST " + create + ": write a description: what it does, and where the vendor's page contradicts itself": func(d *openapi3.T) { post(d).Description = "" },
		"POST " + create + ": write externalDocs with the address of the vendor's page":                          func(d *openapi3.T) { post(d).ExternalDocs = nil },
		"POST " + create + ": write a response 4XX, such as $ref: \"#/components/responses/Failure\"":            func(d *openapi3.T) { post(d).Responses.Delete("4XX") },
		"POST " + create + ": " + source: func(d *openapi3.T) { post(d).Extensions = nil },
		"POST " + create + " body application/json: write examples: page: value: and the whole one of the vendor's page":  func(d *openapi3.T) { post(d).RequestBody.Value.Content["application/json"].Examples = nil },
		"POST " + create + " body: write a description":                                                                   func(d *openapi3.T) { post(d).RequestBody.Value.Description = "" },
		create + " path.attributeType: write a description":                                                               func(d *openapi3.T) { d.Components.Parameters["attributeType"].Value.Description = "" },
		create + " path.attributeType: " + source:                                                                         func(d *openapi3.T) { d.Components.Parameters["attributeType"].Value.Extensions["x-source"] = "R1" },
		create + " path.attributeType: give its options a name: write the enum under components/schemas, and a $ref here": func(d *openapi3.T) { d.Components.Parameters["attributeType"].Value.Schema.Ref = "" },
		"Contact: " + source:                                                   func(d *openapi3.T) { d.Components.Schemas["Contact"].Value.Extensions = nil },
		"Contact.email: " + source:                                             func(d *openapi3.T) { property(d, "Contact", "email").Value.Extensions["x-source"] = "page r1" },
		"Contact.mobile: " + source:                                            func(d *openapi3.T) { property(d, "Contact", "mobile").Extensions = nil },
		"FilterAttribute.value[]: " + source:                                   func(d *openapi3.T) { property(d, "FilterAttribute", "value").Value.Items.Value.Extensions = nil },
		"Contact.email: write a description":                                   func(d *openapi3.T) { property(d, "Contact", "email").Value.Description = "" },
		"Contact.email: write an example, the vendor's own":                    func(d *openapi3.T) { property(d, "Contact", "email").Value.Example = nil },
		"Contact.email: leave out format: email: no page of the vendor has it": func(d *openapi3.T) { property(d, "Contact", "email").Value.Format = "email" },
		"Contact.email: give its options a name: write the enum under components/schemas, and a $ref here": func(d *openapi3.T) { property(d, "Contact", "email").Value.Enum = []any{"x"} },
		"Contact.lists: write x-omitempty: false, or an empty value that the caller set is not sent":       func(d *openapi3.T) { delete(property(d, "Contact", "lists").Value.Extensions, "x-omitempty") },
		"Contact.other: give it a name: write the object under components/schemas, and a $ref here":        func(d *openapi3.T) { d.Components.Schemas["Contact"].Value.Properties["other"] = inline() },
		"Contact.lists[]: give it a name: write the object under components/schemas, and a $ref here":      func(d *openapi3.T) { property(d, "Contact", "lists").Value.Items = inline() },
		"Contact.*: write a description": func(d *openapi3.T) {
			d.Components.Schemas["Contact"].Value.AdditionalProperties.Schema = described(func(s *openapi3.Schema) { s.Description = "" })
		},
		"Contact of 1: write an example, the vendor's own": func(d *openapi3.T) {
			d.Components.Schemas["Contact"].Value.AllOf = openapi3.SchemaRefs{described(func(s *openapi3.Schema) { s.Example = nil })}
		},
		"Contact not: " + source: func(d *openapi3.T) {
			d.Components.Schemas["Contact"].Value.Not = described(func(s *openapi3.Schema) { s.Extensions = nil })
		},
		"POST " + create + " 200 X-Left: " + source: func(d *openapi3.T) {
			post(d).Responses = openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: openapi3.NewResponse()}),
				openapi3.WithName("4XX", openapi3.NewResponse()), openapi3.WithName("5XX", openapi3.NewResponse()))
			post(d).Responses.Value("200").Value.Headers = openapi3.Headers{"X-Left": {Value: &openapi3.Header{Parameter: openapi3.Parameter{Description: "x", Schema: openapi3.NewStringSchema().NewRef()}}}}
		},
		"header Left: " + source: func(d *openapi3.T) {
			d.Components.Headers = openapi3.Headers{"Left": {Value: &openapi3.Header{Parameter: openapi3.Parameter{Description: "x", Schema: openapi3.NewStringSchema().NewRef()}}}}
		},
		"header Left: write a schema": func(d *openapi3.T) {
			d.Components.Headers = openapi3.Headers{"Left": {Value: &openapi3.Header{Parameter: openapi3.Parameter{Description: "x", Extensions: map[string]any{"x-source": "p R1"}}}}}
		},
		"parameter unused query.unused: write a description": func(d *openapi3.T) {
			unused := openapi3.NewQueryParameter("unused").WithSchema(openapi3.NewStringSchema())
			unused.Extensions = map[string]any{"x-source": "p R1"}
			d.Components.Parameters["unused"] = &openapi3.ParameterRef{Value: unused}
		},
		create + " path.attributeType: write format: double, or it becomes a float32, which loses money": func(d *openapi3.T) {
			d.Components.Parameters["attributeType"].Value.Schema = openapi3.NewFloat64Schema().NewRef()
			d.Components.Parameters["attributeType"].Value.Schema.Value.Format = ""
		},
		create + " path.accountId: write format: int64, or it overflows where an int has 32 bits": func(d *openapi3.T) {
			d.Components.Parameters["accountId"].Value.Schema = openapi3.NewIntegerSchema().NewRef()
		},
		create + " path.attributeType[]: give its options a name: write the enum under components/schemas, and a $ref here": func(d *openapi3.T) {
			d.Components.Parameters["attributeType"].Value.Schema = openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema().WithEnum("x")).NewRef()
		},
		"FilterAttribute.value[]: give its options a name: write the enum under components/schemas, and a $ref here": func(d *openapi3.T) {
			property(d, "FilterAttribute", "value").Value.Items.Value.Enum = []any{"x"}
		},
		"ListFilter.attributes: write x-omitempty: false, or an empty value that the caller set is not sent": func(d *openapi3.T) {
			property(d, "ListFilter", "attributes").Value.Type = nil
			delete(property(d, "ListFilter", "attributes").Value.Extensions, "x-omitempty")
		},
		"Contact.lists: write the list or map here, and no $ref, or it becomes a pointer to one": func(d *openapi3.T) {
			lists := property(d, "Contact", "lists")
			lists.Ref, lists.Extensions = "#/components/schemas/Lists", lists.Value.Extensions
		},
		"ListSource: write additionalProperties: true, so that its Go type keeps what is not declared here": func(d *openapi3.T) {
			d.Components.Schemas["ListSource"].Value.AdditionalProperties.Has = nil
		},
		"Autotopup: write additionalProperties: true, so that its Go type keeps what is not declared here": func(d *openapi3.T) {
			d.Components.Schemas["Autotopup"].Value.AdditionalProperties.Has = new(false)
		},
		"Autotopup.amount: write format: double, or it becomes a float32, which loses money":   func(d *openapi3.T) { property(d, "Autotopup", "amount").Value.Format = "" },
		"ContactIntegration.id: write format: int64, or it overflows where an int has 32 bits": func(d *openapi3.T) { property(d, "ContactIntegration", "id").Value.Format = "" },
		"POST /oauth2/token body application/json: give its schema a name: write it under components/schemas, and a $ref here": func(d *openapi3.T) {
			d.Paths.Value("/oauth2/token").Post.RequestBody.Value.Content["application/json"].Schema.Ref = ""
		},
		"POST /oauth2/token: write the last part of externalDocs.url in x-source: it is quickstart and not introduction": func(d *openapi3.T) { d.Paths.Value("/oauth2/token").Post.Extensions["x-source"] = "introduction R1" },
	} {
		t.Run(want, func(t *testing.T) {
			doc := readContract(t)
			before := lint(doc) // TestContractRules tells of these
			breakIt(doc)
			got := slices.DeleteFunc(slices.Compact(lint(doc)), func(s string) bool { return slices.Contains(before, s) })
			if len(got) != 1 && strings.Contains(want, " path.") { // on every path that has the parameter, and where it stands
				got = slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, create+" ") })
			}
			if strings.HasPrefix(want, "POST "+create+" body") { // the PUT has the same body
				got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "PUT ") })
			}
			if diff := cmp.Diff([]string{want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
