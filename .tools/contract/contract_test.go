package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func TestMain(m *testing.M) {
	if err := toRoot(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
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

// revised is the contract with merge patches, in a file.
func revised(t *testing.T, patches ...string) string {
	t.Helper()
	contract := parseYAML(t, read(t, "openapi.yaml"))
	for _, name := range patches {
		contract = mergePatch(contract, parseYAML(t, read(t, ".tools/contract/testdata/"+name+".yaml")))
	}
	text, err := yaml.Marshal(contract)
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

// mergePatch is RFC 7396.
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

// lines of a report that begin as those of a change do.
func changesIn(report string) []string {
	var found []string
	for line := range strings.Lines(report) {
		if strings.HasPrefix(line, "  ") {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	return found
}

func TestRevise(t *testing.T) {
	const post, put = "POST /v1/accounts/{accountId}/attributes/{attributeType}", "PUT /v1/accounts/{accountId}/attributes/{attributeType}/{attributeId}"
	for name, c := range map[string]struct {
		from, to []string
		want     []string
		bump     string
	}{
		"a date more in the answer": {nil, []string{"R2"}, []string{
			"info " + post + ": added the optional property `data/lastTopup` to the response with the `200` status",
			"info " + put + ": added the optional property `data/lastTopup` to the response with the `200` status",
			"added gen.Autotopup.LastTopup: added",
		}, "an addition (minor)"},
		// Only warnings on the wire, and it breaks whoever sets these fields.
		"three properties less in the request": {[]string{"R2"}, []string{"R2", "R3"}, []string{
			"warning " + post + ": removed the request property `error`",
			"warning " + post + ": removed the request property `lists/items/source`",
			"warning " + post + ": removed the request property `mobile`",
			"warning " + put + ": removed the request property `error`",
			"warning " + put + ": removed the request property `lists/items/source`",
			"warning " + put + ": removed the request property `mobile`",
			"breaking gen.Contact.Error: removed",
			"breaking gen.Contact.Mobile: removed",
			"breaking gen.ContactError: removed",
			"breaking gen.ContactList.Source: removed",
			"breaking gen.ContactMobile: removed",
			"breaking gen.ListSource: removed",
		}, "breaking (major)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := run([]string{"revise", revised(t, c.from...), revised(t, c.to...)}, &out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, changesIn(out.String())); diff != "" {
				t.Error(diff)
			}
			if want := "The change is " + c.bump + "."; !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		})
	}
}

// An operation less, and an operation more: api/ is written for the contract that has it.
func TestReviseWhatDoesNotCompile(t *testing.T) {
	t.Parallel()
	contract := parseYAML(t, read(t, contractFile)).(map[string]any)
	delete(contract["paths"].(map[string]any)["/v1/accounts/{accountId}/attributes/{attributeType}/{attributeId}"].(map[string]any), "put")
	text, err := yaml.Marshal(contract)
	if err != nil {
		t.Fatal(err)
	}
	less := write(t, filepath.Join(t.TempDir(), "less.yaml"), string(text))
	for name, c := range map[string]struct {
		from, to    string
		has, hasNot []string
	}{
		"an operation less": {contractFile, less,
			[]string{"1 breaking, 0 warning", "breaking  gen.UpdateAttributeResponse: removed", "does not compile with the newer contract", "api/attributes.go", "breaking (major)"},
			[]string{"older contract"}},
		"an operation more": {less, contractFile,
			[]string{"0 breaking, 0 warning", "In Go: 0 breaking", "added     gen.UpdateAttributeResponse: added", "does not compile with the older contract", "HEAD:openapi.yaml", "api/attributes.go", "an addition (minor)"},
			[]string{"newer contract"}},
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
				t.Errorf("the method of an interface is told %d times\n%s", n, out.String())
			}
			for _, unwanted := range c.hasNot {
				if strings.Contains(out.String(), unwanted) {
					t.Errorf("%q is in\n%s", unwanted, out.String())
				}
			}
		})
	}
}

func TestReviseBadContracts(t *testing.T) {
	for want, contract := range map[string]string{
		"of a git revision write v9:openapi.yaml": "v9",
		"not a valid object name":                 "v9:openapi.yaml",
		"no such file":                            "nowhere.yaml",
		"git show":                                "HEAD:nowhere.yaml",
		"o.yaml: invalid info":                    write(t, filepath.Join(t.TempDir(), "o.yaml"), "openapi: 3.0.3\n"),
	} {
		err := run([]string{"revise", "openapi.yaml", contract}, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", contract, err, want)
		}
	}
}

func TestBump(t *testing.T) {
	for want, got := range map[string]string{
		"v0.1.0": none.next("v0.1.0"), "v0.1.1": minor.next("v0.1.0"), "v0.2.0": major.next("v0.1.9"), "v0.9.10": patch.next("v0.9.9"),
		"v1.2.3": none.next("v1.2.3"), "v1.2.4": patch.next("v1.2.3"), "v1.3.0": minor.next("v1.2.3"), "v2.0.0": major.next("v1.2.3"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestChangelog(t *testing.T) {
	const entry = "\n### Added\n\n- x\n"
	for name, c := range map[string]struct{ text, newest, problem string }{
		"unreleased":     {"# Changelog\n\n## [0.1.0] - unreleased" + entry, "v0.1.0", ""},
		"two":            {"## [0.2.0] - unreleased" + entry + "## [0.1.0] - 2026-12-31" + entry, "v0.2.0", ""},
		"released":       {"## [1.10.0] - 2027-01-01" + entry + "## [1.9.0] - 2026-12-31" + entry, "v1.10.0", ""},
		"no version":     {"## [Unreleased]" + entry, "", "line 1: \"## [Unreleased]\": write ## [1.2.3] - and unreleased or the date, such as 2026-12-31"},
		"no entry":       {"## [0.2.0] - unreleased\n## [0.1.0] - 2026-12-31" + entry, "v0.2.0", "line 1: the release has no entry: write one below ### and one of Added, Changed, Deprecated, Removed, Fixed, Security"},
		"no last entry":  {"## [0.1.0] - unreleased\n", "v0.1.0", "line 1: the release has no entry: write one below ### and one of Added, Changed, Deprecated, Removed, Fixed, Security"},
		"other kind":     {"## [0.1.0] - unreleased\n### News\n- x\n", "v0.1.0", "line 2: \"### News\" is none of Added, Changed, Deprecated, Removed, Fixed, Security"},
		"wrong order":    {"## [0.1.0] - unreleased" + entry + "## [0.1.0] - 2026-12-31" + entry, "v0.1.0", "line 5: v0.1.0 stands below v0.1.0"},
		"old unreleased": {"## [0.2.0] - unreleased" + entry + "## [0.1.0] - unreleased" + entry, "v0.2.0", "line 5: only the newest release may be unreleased"},
		"no date":        {"## [0.1.0] - 2026-02-30" + entry, "v0.1.0", "line 1: 2026-02-30 is no date"},
		"none":           {"# Changelog\n", "", "line 1: no release: write ## [0.1.0] - unreleased"},
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

// A release, then what may come after it.
func TestReleaseCheck(t *testing.T) {
	t.Parallel()
	repository := t.TempDir()
	if err := copyTree(".", repository); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) {
		t.Helper()
		command := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"}, args...)...)
		command.Dir = repository
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	changelog := func(version string) {
		t.Helper()
		write(t, filepath.Join(repository, "CHANGELOG.md"), "## ["+version+"] - unreleased\n\n### Added\n\n- x\n")
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
	changelog("0.1.0")
	check("no repository", true, "No release yet")
	git("init", "-q")
	git("add", "-A")
	git("commit", "-qm", "first")
	git("tag", "other")
	git("tag", "v0.1.0-rc.1")
	check("no release", true, "No release yet, so nothing can break: the first one will be v0.1.0.")
	git("tag", "v0.1.0")
	check("at the release", true, "The change is none that anybody notices. After v0.1.0 the version is at least v0.1.0, and CHANGELOG.md has v0.1.0")

	outcome := filepath.Join(repository, "api", "outcome.go")
	same := read(t, outcome)
	write(t, filepath.Join(repository, "api", "outcome_test.go"), "package api\n")
	write(t, filepath.Join(repository, ".ci", "x.go"), "package x\n")
	check("tests and tools alone", true, "The change is none that anybody notices.")
	write(t, outcome, same+"\n// More.\n")
	check("the inside of a package", false, "In the code: 1 changed\n  api/outcome.go\n\nThe change is a patch. After v0.1.0 the version is at least v0.1.1")
	changelog("0.1.1")
	check("the inside of a package, told", true, "CHANGELOG.md has v0.1.1")
	write(t, outcome, same)
	changelog("0.1.0")
	git("mv", "api/version.go", "api/version_test.go")
	check("out of the build", false, "  api/version.go\n")
	git("mv", "api/version_test.go", "api/version.go")
	if err := os.Mkdir(filepath.Join(repository, "api", "extra"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(repository, "api", "extra", "extra.go"), "package extra\n")
	check("a package more", false, "added     package github.com/sakari-go/sakari-go/api/extra: added")
	if err := os.RemoveAll(filepath.Join(repository, "api", "extra")); err != nil {
		t.Fatal(err)
	}

	revision("R2", "R3")
	check("removed", false, "Begin CHANGELOG.md with: ## [0.2.0] - unreleased")
	changelog("0.2.0")
	check("removed, told", true, "breaking (major)")
	git("checkout", "-q", "-b", "other")
	git("commit", "-q", "--allow-empty", "-m", "other")
	git("tag", "v0.2.0")
	git("checkout", "-q", "main")
	check("a version of another branch", false, "v0.2.0 is the version of a tag already")

	revision()
	changelog("0.1.0")
	write(t, filepath.Join(repository, "api", "more.go"), "package api\n\nfunc More() {}\n")
	check("added, in Go alone", false, "added     api.More: added\n\nIn the code: 1 changed\n  api/more.go\n\nThe change is an addition (minor). After v0.1.0 the version is at least v0.1.1, and CHANGELOG.md has v0.1.0.\nBegin CHANGELOG.md with: ## [0.1.1] - unreleased")
	released, remove, err := readSide(repository, "v0.1.0:./"+contractFile) // with the code of the release, not with that of the tree
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	if _, err := os.Stat(filepath.Join(released.tree, "api", "more.go")); !os.IsNotExist(err) {
		t.Errorf("what came after the release is in its tree: %v", err)
	}
	staged, remove, err := readSide(repository, ":./"+contractFile) // of the index, with the code of the tree
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	if _, err := os.Stat(filepath.Join(staged.tree, "api", "more.go")); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(repository, "api", "more.go"), "package api\n\nfunc More() {\n")
	check("does not compile", false, "api/more.go:")
	if err := os.Remove(filepath.Join(repository, "api", "more.go")); err != nil {
		t.Fatal(err)
	}
	changelog("0.1")
	check("bad changelog", false, "CHANGELOG.md: line 1")

	clone := filepath.Join(t.TempDir(), "clone")
	if _, err := output(".", "git", "clone", "-q", "--depth", "1", "file://"+repository, clone); err != nil {
		t.Fatal(err)
	}
	repository = clone
	check("a shallow clone", false, "git fetch --unshallow --tags")
}

// A tree that holds another repository, which git names and does not look into.
func TestCopyTreeLeavesOtherRepositories(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	inner := filepath.Join(from, "inner")
	for _, directory := range []string{from, inner} {
		if _, err := output(".", "git", "init", "-q", directory); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(directory, "x"), "x")
	}
	if err := copyTree(from, to); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(to)
	if err != nil || len(entries) != 1 || entries[0].Name() != "x" {
		t.Errorf("got %v, %v", entries, err)
	}
}

func TestPack(t *testing.T) {
	proxy := t.TempDir()
	if err := pack("v0.1.2-test", proxy); err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(proxy, "github.com", "sakari-go", "sakari-go", "@v")
	if got := read(t, filepath.Join(directory, "v0.1.2-test.info")); got != "{\"Version\":\"v0.1.2-test\"}\n" {
		t.Errorf("info %s", got)
	}
	packed, err := zip.OpenReader(filepath.Join(directory, "v0.1.2-test.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	var names []string
	for _, f := range packed.File {
		names = append(names, strings.TrimPrefix(f.Name, "github.com/sakari-go/sakari-go@v0.1.2-test/"))
	}
	for _, name := range []string{"go.mod", "LICENSE", "api/client.go", "gen/sakari.gen.go", "gen/contract.gen.go", "openapi.yaml"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the module", name)
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, ".tools/") || strings.HasPrefix(name, ".ci/consumer/") {
			t.Errorf("%s is in the module", name)
		}
	}
	if err := pack("1.2", proxy); err == nil {
		t.Error("packed a version that is none")
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"revise"}, {"revise", "a"}, {"drift"}, {"drift", ""}, {"release-check", "x"}, {"other"}} {
		if err := run(args, &strings.Builder{}); err == nil || !strings.HasPrefix(err.Error(), "usage:") {
			t.Errorf("%v: got %v", args, err)
		}
	}
}
