package api

import (
	"runtime/debug"
	"testing"
)

func TestUserAgentOf(t *testing.T) {
	const path = "github.com/sakari-go/sakari-go"
	other := &debug.Module{Path: path + "/v2", Version: "v2.0.0"}
	for want, info := range map[string]*debug.BuildInfo{
		"sakari-go":              nil,
		"sakari-go/v1.2.3":       {Main: debug.Module{Path: "example.com/app", Version: "v9.9.9"}, Deps: []*debug.Module{other, {Path: path, Version: "v1.2.3"}}},
		"sakari-go/v1.2.4":       {Main: debug.Module{Path: path, Version: "v1.2.4"}, Deps: []*debug.Module{other}},
		"sakari-go/v0.0.0-x.1+y": {Deps: []*debug.Module{{Path: path, Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v0.0.0-x.1+y"}}}},
	} {
		if got := userAgentOf(info); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for name, info := range map[string]*debug.BuildInfo{
		"built here":             {Main: debug.Module{Path: path, Version: "(devel)"}},
		"a test of this package": {Main: debug.Module{Path: path}},
		"replaced by a folder":   {Deps: []*debug.Module{{Path: path, Version: "v1.0.0", Replace: &debug.Module{Path: "../sakari-go"}}}},
		"not there":              {Deps: []*debug.Module{other}},
	} {
		if got := userAgentOf(info); got != "sakari-go" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
