package main

import (
	"cmp"
	"context"
	"runtime"
	"runtime/debug"
)

func version(_ context.Context, p *process, args []string) error {
	if err := parse(newFlags("version"), args, 0, 0); err != nil {
		return err
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return write(p, "sakari "+moduleVersion(info)+" "+runtime.Version()+"\n")
}

// moduleVersion returns the version of this module, which another module may build as a dependency.
func moduleVersion(info *debug.BuildInfo) string {
	const module = "github.com/sakari-go/sakari-go"
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			m = m.Replace // a directory has no version
		}
		return cmp.Or(m.Version, "(devel)")
	}
	return "(devel)"
}
