// Package sakari is the root of a client for a part of the Sakari API. It has no code. Import one
// of these packages:
//
//   - api is the client. It adds authentication, validation of every request and response, retries
//     and typed errors to the generated client.
//   - api/apitest is a fake server for tests of programs that use the client.
//   - gen has the types and the plain client that oapi-codegen generates. Its options are in
//     gen/*.yaml.
//
// The command is in api/cmd/sakari. The spec, openapi.yaml, is written by hand.
//
// After a change of openapi.yaml run "make generate", then "make check test".
package sakari

//go:generate go run ./api/internal/spec/table openapi.yaml gen/spec.gen.go gen/types.json
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/config.yaml -o gen/sakari.gen.go gen/types.json
