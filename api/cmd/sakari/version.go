package main

import (
	"cmp"
	"context"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v3"
)

func versionCommand(p *process) *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the versions of sakari and of Go", ArgValidator: arguments,
		Action: func(context.Context, *cli.Command) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = new(debug.BuildInfo)
			}
			return write(p, "sakari "+moduleVersion(info)+" "+runtime.Version()+"\n")
		},
	}
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
