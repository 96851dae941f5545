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

// moduleVersion returns the version of the module of the command, also if another module builds it.
func moduleVersion(info *debug.BuildInfo) string {
	module := &info.Main
	if module.Replace != nil {
		module = module.Replace // a directory has no version
	}
	return cmp.Or(module.Version, "(devel)")
}
