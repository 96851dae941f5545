package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Unsupported returns what of a document this client cannot do, each with what to write instead,
// and with the line if the document was loaded with its origins. The generator refuses such a
// document, so that no call fails, or does something else, at run time.
func Unsupported(doc *openapi3.T) []string {
	var found []string
	add := func(at *openapi3.Origin, place, format string, args ...any) {
		line := ""
		if at != nil && at.Key != nil {
			line = fmt.Sprintf("line %d: ", at.Key.Line)
		}
		found = append(found, line+place+": "+fmt.Sprintf(format, args...))
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.0.") {
		add(nil, "openapi", "write 3.0.3 and not %s: oapi-codegen generates from OpenAPI 3.0. "+
			"Write nullable: true for type null, and example for examples of a schema", doc.OpenAPI)
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		if hasPartialSegment(path) {
			add(item.Origin, path, "write a parameter as a whole segment: the client sends none as a part of one")
		}
		if len(item.Servers) > 0 {
			add(item.Origin, path, omitServers)
		}
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op, place := item.GetOperation(method), method+" "+path
			if op.Servers != nil && len(*op.Servers) > 0 {
				add(op.Origin, place, omitServers)
			}
			if !hasSuccess(op) {
				add(op.Origin, place, "write a 2xx response, such as 204: no response would be a success")
			}
			if name := nestedInForm(op); name != "" {
				add(op.Origin, place, "write the property %s of the form as a text: a form has no objects", name)
			}
			for _, name := range unsupportedSchemes(doc, securityOf(doc, op)) {
				add(op.Origin, place, "omit the security scheme %s: the client has a bearer token and no other "+
					"credential", name)
			}
			for _, ref := range slices.Concat(item.Parameters, op.Parameters) {
				p := ref.Value
				if p.In == openapi3.ParameterInPath && isTaken(p.Name) && p.Extensions["x-go-name"] == nil {
					add(p.Origin, place, "write x-go-name: %sValue at the parameter %s: the generated function does "+
						"not compile with a parameter of this name", strings.ToUpper(p.Name[:1])+p.Name[1:], p.Name)
				}
			}
		}
	}
	if doc.Components == nil {
		return found
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		place, schema := "schema "+name, doc.Components.Schemas[name].Value
		goName := strings.ToUpper(name[:1]) + name[1:]
		if isOfGen(goName) && schema.Extensions["x-go-name"] == nil {
			add(schema.Origin, place, "write x-go-name: %sValue, or another name: package gen has a %s of its own",
				goName, goName)
		}
		visitSchemas(place, schema, func(place string, s *openapi3.Schema) {
			checkLoops(s, func(message string) { add(s.Origin, place, "%s", message) })
		})
	}
	if len(found) > 0 { // a loop has no properties to name
		return found
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		visitSchemas("schema "+name, doc.Components.Schemas[name].Value, func(place string, s *openapi3.Schema) {
			checkNames(s, func(message string) { add(s.Origin, place, "%s", message) })
		})
	}
	return found
}

func hasSuccess(op *openapi3.Operation) bool {
	return op.Responses.Default() != nil ||
		slices.ContainsFunc(op.Responses.Keys(), func(status string) bool { return strings.HasPrefix(status, "2") })
}

// nestedInForm returns the name of a property of a form that is an object, "" if there is none.
func nestedInForm(op *openapi3.Operation) string {
	if op.RequestBody == nil {
		return ""
	}
	form := op.RequestBody.Value.Content["application/x-www-form-urlencoded"]
	if form == nil || form.Schema == nil {
		return ""
	}
	properties := propertiesOf(form.Schema.Value)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		p := properties[name].Value
		for p.Items != nil {
			p = p.Items.Value
		}
		if p.Type.Is(openapi3.TypeObject) && form.Encoding[name] == nil {
			return name
		}
	}
	return ""
}

const omitServers = "omit servers: the client sends every call, with the token, to its base URL"

func hasPartialSegment(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool {
		return strings.ContainsAny(segment, "{}") && !isParameter(segment)
	})
}

func securityOf(doc *openapi3.T, op *openapi3.Operation) openapi3.SecurityRequirements {
	if op.Security != nil {
		return *op.Security
	}
	return doc.Security
}

// takesToken reports whether a token alone meets one of the requirements of an operation. Another
// one may be to have no credentials.
func takesToken(doc *openapi3.T, security openapi3.SecurityRequirements) bool {
	return slices.ContainsFunc(security, func(r openapi3.SecurityRequirement) bool {
		return len(r) > 0 && len(otherSchemes(doc, r)) == 0
	})
}

// unsupportedSchemes returns the names of the schemes that the client would need beside a token.
// There are none if a token alone, or nothing, meets one of the requirements.
func unsupportedSchemes(doc *openapi3.T, security openapi3.SecurityRequirements) []string {
	var names []string
	for _, requirement := range security {
		others := otherSchemes(doc, requirement)
		if len(others) == 0 {
			return nil
		}
		names = append(names, others...)
	}
	return names
}

func otherSchemes(doc *openapi3.T, requirement openapi3.SecurityRequirement) []string {
	names := slices.Sorted(maps.Keys(requirement))
	return slices.DeleteFunc(names, func(name string) bool { return isBearer(doc, name) })
}

func isBearer(doc *openapi3.T, name string) bool {
	if doc.Components == nil || doc.Components.SecuritySchemes[name] == nil {
		return false
	}
	scheme := doc.Components.SecuritySchemes[name].Value
	return scheme.Type == "oauth2" || scheme.Type == "openIdConnect" ||
		scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "bearer")
}

// isTaken reports whether a name is that of a package or a variable in a generated function that
// has the parameters in a path as its own.
func isTaken(name string) bool {
	return slices.Contains([]string{
		"bytes", "context", "fmt", "http", "io", "json", "jsontext", "runtime", "strings", "time", "url",
		"body", "bodyReader", "contentType", "ctx", "err", "params", "req", "reqEditors", "server",
	}, name)
}

// isOfGen reports whether package gen declares a name in every case.
func isOfGen(name string) bool {
	return slices.Contains([]string{
		"Client", "ClientInterface", "ClientOption", "ClientWithResponses", "ClientWithResponsesInterface",
		"EncodeError", "GetOperationsJSON", "GetProperty", "GetSpec", "GetSpecJSON", "HttpRequestDoer", "NewClient",
		"NewClientWithResponses", "RequestEditorFn", "SchemaError", "SetProperty", "WithBaseURL", "WithHTTPClient",
		"WithRequestEditorFn",
	}, name)
}
