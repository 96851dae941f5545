package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestMain(m *testing.M) {
	if err := toRoot(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// gitConfig is what a commit needs where git is not configured.
var gitConfig = []string{
	"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main",
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// revised returns the name of a file with the spec after merge patches.
func revised(t *testing.T, patches ...string) string {
	t.Helper()
	spec := parseYAML(t, read(t, "openapi.yaml"))
	for _, name := range patches {
		spec = mergePatch(spec, parseYAML(t, read(t, ".tools/spec/testdata/"+name+".yaml")))
	}
	text, err := yaml.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "openapi.yaml"), string(text))
}

func parseYAML(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// mergePatch applies a JSON merge patch (RFC 7396).
func mergePatch(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged, ok := target.(map[string]any)
	if !ok {
		merged = make(map[string]any)
	}
	for name, value := range members {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = mergePatch(merged[name], value)
		}
	}
	return merged
}

// changesIn returns the lines of a report that are a change.
func changesIn(report string) []string {
	var found []string
	for line := range strings.Lines(report) {
		if strings.HasPrefix(line, "  ") {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	return found
}

func TestRevise_ReportsChanges(t *testing.T) {
	for name, c := range map[string]struct {
		from, to []string
		want     []string
		bump     string
	}{
		"new date in the response": {
			to: []string{"R2"},
			want: []string{
				"info schema Autotopup: added the optional property `lastTopup` " +
					"to the response with the `any` status",
				"added gen.Autotopup.LastTopup: added",
			},
			bump: "an addition (minor)",
		},
		// oasdiff only warns of it, but programs that set the field no longer compile.
		"a property removed from the request": {
			to: []string{"less"},
			want: []string{
				"warning schema ListDoubleOptIn: removed the request property `prompt`",
				"breaking gen.ListDoubleOptIn.Prompt: removed",
			},
			bump: "breaking (major)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			args := []string{"revise", revised(t, c.from...), revised(t, c.to...)}
			if err := run(args, &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !slices.Contains(changesIn(out.String()), want) {
					t.Errorf("no %s in\n%s", want, out.String())
				}
			}
			if want := "The change is " + c.bump + "."; !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		})
	}
}

// api/ is written for a spec with all operations, and does not compile with one less.
func TestRevise_ReportsCodeThatDoesNotCompile(t *testing.T) {
	t.Parallel()
	const path = "/v1/accounts/{accountId}/attributes/{attributeType}/{attributeId}"
	without := map[string]any{"paths": map[string]any{path: map[string]any{"put": nil}}}
	text, err := yaml.Marshal(mergePatch(parseYAML(t, read(t, specFile)), without))
	if err != nil {
		t.Fatal(err)
	}
	less := write(t, filepath.Join(t.TempDir(), "less.yaml"), string(text))
	for name, c := range map[string]struct {
		from, to    string
		has, hasNot []string
	}{
		"operation removed": {
			from: specFile,
			to:   less,
			has: []string{
				"1 breaking, 0 warning",
				"breaking  gen.UpdateAttributeResponse: removed",
				"does not compile with the newer spec",
				"api/attributes.go",
				"breaking (major)",
			},
			hasNot: []string{"older spec"},
		},
		"operation added": {
			from: less,
			to:   specFile,
			has: []string{
				"0 breaking, 0 warning",
				"In Go: 0 breaking",
				"added     gen.UpdateAttributeResponse: added",
				"does not compile with the older spec",
				"HEAD:openapi.yaml",
				"api/attributes.go",
				"an addition (minor)",
			},
			hasNot: []string{"newer spec"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := run([]string{"revise", c.from, c.to}, &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.has {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
			if n := strings.Count(out.String(), "gen.ClientInterface.UpdateAttribute: "); n != 1 {
				t.Errorf("the method of the interface is reported %d times\n%s", n, out.String())
			}
			for _, unwanted := range c.hasNot {
				if strings.Contains(out.String(), unwanted) {
					t.Errorf("%q is in\n%s", unwanted, out.String())
				}
			}
		})
	}
}

func TestRevise_RefusesWhatIsNotASpec(t *testing.T) {
	invalid := write(t, filepath.Join(t.TempDir(), "o.yaml"), "openapi: 3.0.3\n")
	empty := write(t, filepath.Join(t.TempDir(), "e.yaml"), " \n")
	swagger := write(t, filepath.Join(t.TempDir(), "s.yaml"), `swagger: "2.0"`)
	twice := write(t, filepath.Join(t.TempDir(), "t.yaml"), "openapi: 3.0.3\nopenapi: 3.0.3\n")
	loop := write(t, filepath.Join(t.TempDir(), "l.yaml"),
		strings.Replace(wireSpec, "Part: {", "Part: {allOf: [{$ref: \"#/components/schemas/Part\"}], ", 1))
	paths := write(t, filepath.Join(t.TempDir(), "p.yaml"), "openapi: 3.0.3\ninfo: {title: x, version: x}\npaths: []\n")
	for want, spec := range map[string]string{
		"FROM and TO: write a file, or a file of a git revision such as HEAD:openapi.yaml": "",
		"v9: no such file or directory: write a file, or a file of a git revision":         "v9",
		"is a directory": ".tools",
		"e.yaml: is empty: write an OpenAPI 3 document":           empty,
		"s.yaml: is Swagger 2.0: convert it":                      swagger,
		`line 2: mapping key "openapi" already defined at line 1`: twice,
		"schemas/Part: write a schema that is no part of itself":  loop,
		"not a valid object name: v9: write a file, or a file of": "v9:openapi.yaml",
		"p.yaml: line 3: unexpected seq in /paths":                paths,
		"no such file":         "nowhere.yaml",
		"git show":             "HEAD:nowhere.yaml",
		"o.yaml: invalid info": invalid,
	} {
		err := run([]string{"revise", "openapi.yaml", spec}, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", spec, err, want)
		}
	}
}

func TestMessage_IsOneLine(t *testing.T) {
	got := message([]string{"revise", "a", "b"}, errors.New("a: fatal\n\nUse --"))
	if want := "revise: a: fatal; Use --"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutput_SaysThatGitIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := output(".", "git", "status"); err == nil || err.Error() != "git is not in PATH: install it" {
		t.Errorf("got %v", err)
	}
}

func TestBump_ReturnsTheNextVersion(t *testing.T) {
	for want, got := range map[string]string{
		"v0.1.0":  none.next("v0.1.0"),
		"v0.1.1":  minor.next("v0.1.0"),
		"v0.2.0":  major.next("v0.1.9"),
		"v0.9.10": patch.next("v0.9.9"),
		"v1.2.3":  none.next("v1.2.3"),
		"v1.2.4":  patch.next("v1.2.3"),
		"v1.3.0":  minor.next("v1.2.3"),
		"v2.0.0":  major.next("v1.2.3"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestReadChangelog_ReturnsTheNewestVersionAndErrors(t *testing.T) {
	const entry = "\n### Added\n\n- x\n"
	for name, c := range map[string]struct{ text, newest, problem string }{
		"unreleased version": {
			text:   "# Changelog\n\n## [0.1.0] - unreleased" + entry,
			newest: "v0.1.0",
		},
		"unreleased version after a release": {
			text:   "## [0.2.0] - unreleased" + entry + "## [0.1.0] - 2026-12-31" + entry,
			newest: "v0.2.0",
		},
		"releases": {
			text:   "## [1.10.0] - 2027-01-01" + entry + "## [1.9.0] - 2026-12-31" + entry,
			newest: "v1.10.0",
		},
		"heading without a version": {
			text: "## [Unreleased]" + entry,
			problem: `line 1: "## [Unreleased]": write ## [1.2.3] - ` +
				"and unreleased or the date, such as 2026-12-31",
		},
		"unknown kind of change": {
			text:   "## [0.1.0] - unreleased\n### News\n- x\n",
			newest: "v0.1.0",
			problem: `line 2: "### News" is not one of ` +
				"Added, Changed, Deprecated, Removed, Fixed, Security",
		},
		"wrong order": {
			text:    "## [0.1.0] - unreleased" + entry + "## [0.1.0] - 2026-12-31" + entry,
			newest:  "v0.1.0",
			problem: "line 5: v0.1.0 is below v0.1.0",
		},
		"unreleased version before a release": {
			text:    "## [0.2.0] - unreleased" + entry + "## [0.1.0] - unreleased" + entry,
			newest:  "v0.2.0",
			problem: "line 5: only the newest release may be unreleased",
		},
		"no release": {
			text:    "# Changelog\n",
			problem: "line 1: no release: write ## [0.1.0] - unreleased",
		},
	} {
		t.Run(name, func(t *testing.T) {
			newest, problems := readChangelog(c.text)
			if newest != c.newest || strings.Join(problems, "; ") != c.problem {
				t.Errorf("got %s, %q", newest, problems)
			}
		})
	}
	if _, problems := readChangelog(read(t, "CHANGELOG.md")); len(problems) > 0 {
		t.Error(problems)
	}
}

// TestReleaseCheck_ComparesWithTheLastRelease makes a release, and then what may come after it.
func TestReleaseCheck_ComparesWithTheLastRelease(t *testing.T) {
	t.Parallel()
	repository := t.TempDir()
	if err := copyTree(".", repository); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) {
		t.Helper()
		if _, err := output(repository, "git", append(gitConfig, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	changelog := func(version string) {
		t.Helper()
		text := "## [" + version + "] - unreleased\n\n### Added\n\n- x\n"
		write(t, filepath.Join(repository, "CHANGELOG.md"), text)
	}
	revision := func(patches ...string) {
		t.Helper()
		write(t, filepath.Join(repository, "openapi.yaml"), read(t, revised(t, patches...)))
		if _, err := output(repository, "go", "generate", "./..."); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name string, passes bool, says string) {
		t.Helper()
		var out bytes.Buffer
		err := releaseCheck(repository, &out)
		if (err == nil) != passes || !strings.Contains(out.String()+fmt.Sprint(err), says) {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
	}
	write(t, filepath.Join(repository, "api", "inner.go"), "package api\n")
	changelog("0.1.0")
	check("no repository", true, "No release yet")
	git("init", "-q")
	git("add", "-A")
	git("commit", "-qm", "first")
	git("tag", "other")
	git("tag", "v0.1.0-rc.1")
	check("no release", true, "No release yet: the first one will be v0.1.0.")
	git("tag", "v0.1.0")
	check("at the release", true, "The change is without effect. "+
		"After v0.1.0 the version is at least v0.1.0, and CHANGELOG.md has v0.1.0")

	outcome := filepath.Join(repository, "api", "outcome.go")
	same := read(t, outcome)
	write(t, filepath.Join(repository, "api", "outcome_test.go"), "package api\n")
	write(t, filepath.Join(repository, ".ci", "x.go"), "package x\n")
	check("only tests and tools changed", true, "The change is without effect.")
	write(t, outcome, same+"\n// More.\n")
	check("unexported code changed", false, "In the code: 1 changed\n  api/outcome.go\n\n"+
		"The change is a patch. After v0.1.0 the version is at least v0.1.1")
	changelog("0.1.1")
	check("unexported code changed, in the changelog", true, "CHANGELOG.md has v0.1.1")
	write(t, outcome, same)
	changelog("0.1.0")
	git("mv", "api/inner.go", "api/inner_test.go")
	check("file renamed to a test", false, "  api/inner.go\n")
	git("mv", "api/inner_test.go", "api/inner.go")
	if err := os.Mkdir(filepath.Join(repository, "api", "extra"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(repository, "api", "extra", "extra.go"), "package extra\n")
	check("package added", false,
		"added     package github.com/sakari-go/sakari-go/api/extra: added")
	if err := os.RemoveAll(filepath.Join(repository, "api", "extra")); err != nil {
		t.Fatal(err)
	}

	revision("R2", "R3")
	check("properties removed", false, "Begin CHANGELOG.md with: ## [0.2.0] - unreleased")
	changelog("0.2.0")
	check("properties removed, in the changelog", true, "breaking (major)")
	git("checkout", "-q", "-b", "other")
	git("commit", "-q", "--allow-empty", "-m", "other")
	git("tag", "v0.2.0")
	git("checkout", "-q", "main")
	check("version of another branch", false, "v0.2.0 is the version of a tag already")

	revision()
	changelog("0.1.0")
	write(t, filepath.Join(repository, "api", "more.go"), "package api\n\nfunc More() {}\n")
	check("function added", false, "added     api.More: added\n\n"+
		"In the code: 1 changed\n  api/more.go\n\nThe change is an addition (minor). "+
		"After v0.1.0 the version is at least v0.1.1, and CHANGELOG.md has v0.1.0.\n"+
		"Begin CHANGELOG.md with: ## [0.1.1] - unreleased")
	// The spec of a revision gets the code of that revision.
	released, err := readSide(repository, "v0.1.0:./"+specFile, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(released.tree, "api", "more.go")); !os.IsNotExist(err) {
		t.Errorf("a file that is newer than the release is in its tree: %v", err)
	}
	// The spec of the index gets the code of the work tree.
	staged, err := readSide(repository, ":./"+specFile, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(staged.tree, "api", "more.go")); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(repository, "api", "more.go"), "package api\n\nfunc More() {\n")
	check("does not compile", false, "api/more.go:")
	if err := os.Remove(filepath.Join(repository, "api", "more.go")); err != nil {
		t.Fatal(err)
	}
	changelog("0.1")
	check("invalid changelog", false, "CHANGELOG.md: line 1")

	clone := filepath.Join(t.TempDir(), "clone")
	git("clone", "-q", "--depth", "1", "file://"+repository, clone)
	repository = clone
	check("shallow clone", false, "git fetch --unshallow --tags")
}

func TestRevise_RefusesRevisionsWithoutCode(t *testing.T) {
	t.Parallel()
	repository := t.TempDir()
	commit := func(name string) {
		t.Helper()
		for _, args := range [][]string{{"add", "-A"}, {"commit", "-q", "--allow-empty", "-m", name}, {"tag", name}} {
			if _, err := output(repository, "git", append(gitConfig, args...)...); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := output(repository, "git", append(gitConfig, "init", "-q")...); err != nil {
		t.Fatal(err)
	}
	commit("empty")
	write(t, filepath.Join(repository, specFile), read(t, specFile))
	commit("spec")
	_, err := readSide(repository, "empty:"+specFile, t.TempDir())
	if want := "it has no openapi.yaml: " + writeFile; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	side, err := readSide(repository, "spec:"+specFile, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const want = "one of the two has no go.mod: compare revisions that have code"
	if _, err := compareGo(side.tree, side.tree); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Git does not add the files of a repository inside the work tree.
func TestCopyTree_LeavesOutOtherRepositories(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	inner := filepath.Join(from, "inner")
	for _, directory := range []string{from, inner} {
		if _, err := output(".", "git", "init", "-q", directory); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(directory, "x"), "x")
	}
	commit := []string{"commit", "-q", "--allow-empty", "-m", "x"}
	if _, err := output(inner, "git", append(gitConfig, commit...)...); err != nil {
		t.Fatal(err)
	}
	if err := copyTree(from, to); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(to, "x")) != "x" {
		t.Error("x is not copied")
	}
	if _, err := os.Stat(filepath.Join(to, "inner", "x")); !os.IsNotExist(err) {
		t.Errorf("inner/x is copied: %v", err)
	}
}

// packedNames packs a directory, and returns the names of the files after that of the module.
func packedNames(t *testing.T, directory, module string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.zip")
	if err := pack(directory, "v0.1.2-test", file); err != nil {
		t.Fatal(err)
	}
	packed, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	var names []string
	for _, f := range packed.File {
		name, ok := strings.CutPrefix(f.Name, module+"@v0.1.2-test/")
		if !ok {
			t.Errorf("%s is not in %s", f.Name, module)
		}
		names = append(names, name)
	}
	return names
}

func TestPack_WritesWhatUsersImport(t *testing.T) {
	names := packedNames(t, ".", "github.com/sakari-go/sakari-go")
	for _, name := range []string{
		"go.mod", "LICENSE", "openapi.yaml",
		"api/client.go", "gen/sakari.gen.go", "gen/spec.gen.go",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the module", name)
		}
	}
	for _, name := range names {
		for _, other := range []string{".tools/", ".ci/consumer/", "api/cmd/"} {
			if strings.HasPrefix(name, other) {
				t.Errorf("%s is in the module", name)
			}
		}
	}
}

func TestPack_WritesTheModuleOfADirectory(t *testing.T) {
	names := packedNames(t, "api/cmd/sakari", "github.com/sakari-go/sakari-go/api/cmd/sakari")
	for _, name := range []string{"go.mod", "main.go"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the module", name)
		}
	}
}

func TestPack_RefusesInvalidVersions(t *testing.T) {
	if err := pack(".", "1.2", filepath.Join(t.TempDir(), "x.zip")); err == nil {
		t.Error("packed an invalid version")
	}
}

func TestRun_RefusesWrongArguments(t *testing.T) {
	for _, args := range [][]string{
		nil, {"revise"}, {"revise", "a"}, {"drift"},
		{"release-check", "x"}, {"other"},
	} {
		err := run(args, &strings.Builder{})
		if err == nil || !strings.HasPrefix(err.Error(), "usage:") {
			t.Errorf("%v: got %v", args, err)
		}
	}
	err := run([]string{"drift", ""}, &strings.Builder{})
	if want := "SPEC: write the name of a file with the vendor's document"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
