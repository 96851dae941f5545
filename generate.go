// Package sakari is the root of a client for a part of the Sakari API. It
// holds no code: import one of the packages below.
//
//   - openapi.yaml, the contract, is written by hand. Everything else follows it.
//   - gen holds what oapi-codegen makes of the contract: types, a plain client
//     and the contract itself. gen/*.yaml have the options. Never edit it.
//   - api is the client to import: it adds authentication, the check of every
//     request and answer against the contract, retries and typed errors.
//   - api/apitest is a server for tests of programs that use the client.
//   - api/cmd/sakari is the command.
//
// After a change of openapi.yaml run "make generate", then "make check test".
package sakari

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/config.yaml -o gen/sakari.gen.go openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/contract.yaml -o gen/contract.gen.go openapi.yaml
//go:generate go run ./api/internal/spec/table openapi.yaml gen/operations.gen.go
