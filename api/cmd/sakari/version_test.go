package main

import (
	"runtime/debug"
	"testing"
)

func TestModuleVersion_IsThatOfThisModule(t *testing.T) {
	const module = "github.com/sakari-go/sakari-go"
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"main module": {
			info: debug.BuildInfo{Main: debug.Module{Path: module, Version: "v0.1.0"}},
			want: "v0.1.0",
		},
		"dependency": {
			info: debug.BuildInfo{
				Main: debug.Module{Path: "example.com/user", Version: "v9.0.0"},
				Deps: []*debug.Module{{Path: module + "x", Version: "v8.0.0"}, {Path: module, Version: "v0.1.0"}},
			},
			want: "v0.1.0",
		},
		"replaced with a directory": {
			info: debug.BuildInfo{Deps: []*debug.Module{
				{Path: module, Version: "v0.0.0-00010101000000-000000000000", Replace: &debug.Module{Path: "../sakari-go"}},
			}},
			want: "(devel)",
		},
		"replaced with a fork": {
			info: debug.BuildInfo{Deps: []*debug.Module{
				{Path: module, Version: "v0.1.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v0.2.0"}},
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
