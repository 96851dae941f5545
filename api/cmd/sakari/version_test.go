package main

import (
	"runtime/debug"
	"testing"
)

func TestModuleVersion_IsThatOfTheCommand(t *testing.T) {
	const library = "github.com/sakari-go/sakari-go"
	const command = library + "/api/cmd/sakari"
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"installed": {
			info: debug.BuildInfo{
				Main: debug.Module{Path: command, Version: "v0.2.0"},
				Deps: []*debug.Module{{Path: library, Version: "v0.1.0"}},
			},
			want: "v0.2.0",
		},
		"replaced with a directory": {
			info: debug.BuildInfo{Main: debug.Module{
				Path: command, Version: "v0.1.0", Replace: &debug.Module{Path: "../sakari-go/api/cmd/sakari"},
			}},
			want: "(devel)",
		},
		"replaced with a fork": {
			info: debug.BuildInfo{Main: debug.Module{
				Path: command, Version: "v0.1.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v0.2.0"},
			}},
			want: "v0.2.0",
		},
		"unknown": {want: "(devel)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := moduleVersion(&c.info); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
