package api

import (
	"runtime/debug"
	"strings"
	"sync"
)

const modulePath = "github.com/sakari-go/sakari-go"

// defaultUserAgent contains the version of this module that the program was built with, if it is a
// release.
var defaultUserAgent = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	return userAgentOf(info)
})

func userAgentOf(info *debug.BuildInfo) string {
	const name = "sakari-go"
	if info == nil {
		return name
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path != modulePath {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if strings.HasPrefix(m.Version, "v") { // not (devel), and not a directory
			return name + "/" + m.Version
		}
	}
	return name
}
