//go:build tools

package sakari

// Pins the generator's version in go.mod. A user's build never sees it.
import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
