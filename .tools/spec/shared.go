package main

import (
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
)

// use is a schema that has the same name in two documents, and where both have it.
type use struct {
	name       string
	isResponse bool
}

// takeShared removes from a report what differs in schemas of the same name, and returns these
// schemas. So each is compared once, and not for each operation that has it.
func takeShared(report *diff.Diff) map[use]*diff.SchemaDiff {
	type visit struct {
		pointer    any
		isResponse bool
	}
	shared, seen := make(map[use]*diff.SchemaDiff), make(map[visit]bool)
	var walk func(value reflect.Value, isResponse bool)
	walk = func(value reflect.Value, isResponse bool) {
		switch value.Kind() {
		case reflect.Pointer:
			at := visit{value.Interface(), isResponse}
			isDiff := value.Type().Elem().PkgPath() == reflect.TypeFor[diff.Diff]().PkgPath()
			if value.IsNil() || !isDiff || seen[at] {
				return
			}
			seen[at] = true
			schema, _ := at.pointer.(*diff.SchemaDiff)
			if schema != nil && schema.BaseComponent != "" && schema.BaseComponent == schema.RevisionComponent {
				shared[use{schema.BaseComponent, isResponse}] = schema
				return
			}
			walk(value.Elem(), isResponse)
		case reflect.Struct:
			for field, value := range value.Fields() {
				if field.IsExported() {
					walk(value, isResponse || field.Type == reflect.TypeFor[*diff.ResponsesDiff]())
				}
			}
		case reflect.Map:
			for _, element := range value.Seq2() {
				walk(element, isResponse)
			}
		case reflect.Slice:
			for _, element := range value.Seq2() {
				walk(element, isResponse)
			}
		}
	}
	if report != nil {
		walk(reflect.ValueOf(report.PathsDiff), false)
	}
	for _, schema := range shared {
		*schema = diff.SchemaDiff{Base: schema.Base, Revision: schema.Revision}
	}
	return shared
}

// around returns a document with nothing but a schema.
func around(schema *openapi3.Schema, isResponse bool) *openapi3.T {
	content := openapi3.NewContentWithJSONSchema(schema)
	operation := openapi3.NewOperation()
	operation.Responses = openapi3.NewResponsesWithCapacity(1)
	if isResponse {
		response := openapi3.NewResponse().WithContent(content)
		operation.Responses.Set("any", &openapi3.ResponseRef{Value: response})
	} else {
		body := openapi3.NewRequestBody().WithContent(content)
		operation.RequestBody = &openapi3.RequestBodyRef{Value: body}
	}
	item := &openapi3.PathItem{Post: operation}
	return &openapi3.T{OpenAPI: "3.0.3", Paths: openapi3.NewPaths(openapi3.WithPath("/", item))}
}
