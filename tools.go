//go:build tools

package sakari

// Pins the generator's version in go.mod. The build tag keeps it out of users' builds.
import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
