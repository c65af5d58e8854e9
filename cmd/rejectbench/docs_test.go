package main

// The tests of this file hold the repository's documents to what they describe.
// Imports are held against the table between the marks importsStart and importsEnd
// in .github/ARCHITECTURE.md; go test ./cmd/rejectbench -run Imports -update
// writes its first two columns again and leaves the third, which is written by hand.

import (
	"bytes"
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// repository is the module's root, as seen from this package.
const repository = "../.."

// The marks in ARCHITECTURE.md between which the table of imports is.
const (
	importsStart = "<!-- imports -->\n"
	importsEnd   = "<!-- /imports -->"
	importsHead  = "| package | imports | what it is for |\n| --- | --- | --- |\n"
)

var architecture = filepath.Join(repository, ".github", "ARCHITECTURE.md")

// packageRow is a row of the table of imports. Packages are named without the module's path.
type packageRow struct {
	name    string
	imports []string
	purpose string
}

// modulePath is the path in go.mod.
func modulePath(t *testing.T) string {
	t.Helper()
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(mod, []byte("\n"))
	return strings.TrimPrefix(string(line), "module ")
}

// skippedFolder tells whether neither packages nor documents are looked for in a
// folder: testdata, and hidden ones except .github.
func skippedFolder(name string) bool {
	return name == "testdata" || strings.HasPrefix(name, "_") || len(name) > 2 && name[0] == '.' && name != ".github"
}

// filesOf returns the paths of the repository's files with an ending, with slashes.
func filesOf(t *testing.T, ending string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(repository), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skippedFolder(d.Name()):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ending):
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// moduleImports returns what each package of the module imports of the others,
// outside tests and on whatever system, in order.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	module := modulePath(t) + "/"
	found := map[string]map[string]bool{}
	for _, file := range filesOf(t, ".go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		name := path.Dir(file)
		if found[name] == nil {
			found[name] = map[string]bool{}
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if of, ours := strings.CutPrefix(imported, module); ours {
				found[name][of] = true
			}
		}
	}
	imports := map[string][]string{}
	for name, of := range found {
		imports[name] = slices.Sorted(maps.Keys(of))
	}
	return imports
}

// readImports returns the table of imports, and the text before and after it.
func readImports(t *testing.T) (rows []packageRow, before, after string) {
	t.Helper()
	b, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), importsStart)
	table, after, closed := strings.Cut(rest, importsEnd)
	if !found || !closed {
		t.Fatalf("%s has no place for imports, from %q to %q", architecture, strings.TrimSpace(importsStart), importsEnd)
	}
	body, ok := strings.CutPrefix(table, importsHead)
	if !ok {
		t.Fatalf("the table of imports in %s does not begin with\n%s", architecture, importsHead)
	}
	for line := range strings.Lines(body) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 {
			t.Fatalf("%s: not three columns: %s", architecture, line)
		}
		row := packageRow{name: strings.Trim(cells[0], " `"), purpose: strings.TrimSpace(cells[2])}
		if of := strings.TrimSpace(cells[1]); of != "-" {
			for _, word := range strings.Split(of, ",") {
				row.imports = append(row.imports, strings.Trim(word, " `"))
			}
		}
		rows = append(rows, row)
	}
	return rows, before, after
}

// orderedRows puts every package behind all that it imports, otherwise in the
// order of the rows that there were, with new packages as late as that allows.
func orderedRows(rows []packageRow, imports map[string][]string) []packageRow {
	purposes, place := map[string]string{}, map[string]int{}
	for i, row := range rows {
		purposes[row.name], place[row.name] = row.purpose, i
	}
	left := slices.SortedFunc(maps.Keys(imports), func(a, b string) int {
		at := func(name string) int {
			if i, known := place[name]; known {
				return i
			}
			return len(rows)
		}
		return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(a, b))
	})
	var ordered []packageRow
	placed := map[string]bool{}
	for len(left) > 0 {
		next := slices.IndexFunc(left, func(name string) bool {
			return !slices.ContainsFunc(imports[name], func(of string) bool { return !placed[of] })
		})
		next = max(next, 0) // imports have no cycle, but a package may import one that is not there
		name := left[next]
		placed[name] = true
		ordered = append(ordered, packageRow{name, imports[name], purposes[name]})
		left = slices.Delete(left, next, next+1)
	}
	return ordered
}

func writeImports(t *testing.T, rows []packageRow, before, after string) {
	t.Helper()
	var b strings.Builder
	b.WriteString(before + importsStart + importsHead)
	for _, row := range rows {
		of := "-"
		if len(row.imports) > 0 {
			of = "`" + strings.Join(row.imports, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", row.name, of, row.purpose)
	}
	b.WriteString(importsEnd + after)
	if err := os.WriteFile(architecture, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestImportsAreThoseInTheArchitecture(t *testing.T) {
	imports := moduleImports(t)
	rows, before, after := readImports(t)
	if *update {
		rows = orderedRows(rows, imports)
		writeImports(t, rows, before, after)
	}
	above := map[string]bool{}
	for _, row := range rows {
		if above[row.name] {
			t.Errorf("the table has %s twice", row.name)
		}
		of, there := imports[row.name]
		if !there {
			t.Errorf("the table has %s, which is no package of the module", row.name)
		}
		for _, name := range row.imports {
			if there && !slices.Contains(of, name) {
				t.Errorf("the table says that %s imports %s, which it does not", row.name, name)
			}
			if !above[name] {
				t.Errorf("%s imports %s, which is not above it in the table", row.name, name)
			}
		}
		for _, name := range of {
			if !slices.Contains(row.imports, name) {
				t.Errorf("%s imports %s, which the table does not say", row.name, name)
			}
		}
		if row.purpose == "" {
			t.Errorf("the table does not say what %s is for", row.name)
		}
		above[row.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		if !above[name] {
			t.Errorf("the table lacks the package %s", name)
		}
	}
}

// rooms are the module's top folders, and which others the packages of each may import.
var rooms = map[string][]string{
	"results":  nil,
	"targets":  {"results"},
	"loadgen":  {"results"},
	"analysis": {"results"},
	"cmd":      {"results", "targets", "loadgen", "analysis"},
}

func TestRoomsImportOnlyTheRoomsBelowThem(t *testing.T) {
	room := func(name string) string { top, _, _ := strings.Cut(name, "/"); return top }
	for name, imports := range moduleImports(t) {
		below, known := rooms[room(name)]
		if !known {
			t.Errorf("%s is in none of the rooms", name)
		}
		for _, of := range imports {
			if room(of) != room(name) && !slices.Contains(below, room(of)) {
				t.Errorf("%s imports %s", name, of)
			}
		}
	}
}

func TestTheModuleIsTidy(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command: ", err)
	}
	cmd := exec.CommandContext(t.Context(), tool, "mod", "tidy", "-diff")
	cmd.Dir = repository
	var stderr strings.Builder
	cmd.Stderr = &stderr
	diff, err := cmd.Output()
	switch {
	case len(diff) > 0:
		t.Errorf("go mod tidy would change:\n%s", diff)
	case err != nil && os.Getenv("CI") == "":
		t.Skipf("go mod tidy cannot tell, perhaps for want of a network: %v\n%s", err, stderr.String())
	case err != nil:
		t.Errorf("go mod tidy -diff: %v\n%s", err, stderr.String())
	}
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	// linkTarget is the target of [text](target "title"), ![picture](target) and [name]: target.
	linkTarget  = regexp.MustCompile(`\]\(\s*<?([^()<>\s]+)>?[^()]*\)|^\s{0,3}\[[^\]]+\]:\s+<?([^<>\s]+)|(?:src|href)="([^"]+)"`)
	linkText    = regexp.MustCompile(`!?\[([^\]]*)\]\([^()]*\)`)
	headingLine = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*\s*$`)
	scheme      = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
)

// proseLines returns the lines of a Markdown text by their number from 1, without blocks of code.
func proseLines(text string) map[int]string {
	lines, fence := map[int]string{}, ""
	for i, line := range strings.Split(text, "\n") {
		word := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(word, fence) {
				fence = ""
			}
		case strings.HasPrefix(word, "```"), strings.HasPrefix(word, "~~~"):
			fence = word[:3]
		case strings.HasPrefix(line, "    "), strings.HasPrefix(line, "\t"):
		default:
			lines[i+1] = line
		}
	}
	return lines
}

// anchorsOf returns the anchors that GitHub gives a text's headings: lower case,
// hyphens for spaces, no other signs, and a number from the second of a name on.
func anchorsOf(text string) map[string]bool {
	lines, anchors := proseLines(text), map[string]bool{}
	for _, n := range slices.Sorted(maps.Keys(lines)) {
		match := headingLine.FindStringSubmatch(lines[n])
		if match == nil {
			continue
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, linkText.ReplaceAllString(match[1], "$1"))
		for n, first := 1, anchor; anchors[anchor]; n++ {
			anchor = fmt.Sprintf("%s-%d", first, n)
		}
		anchors[anchor] = true
	}
	return anchors
}

// brokenLink says what is wrong with a link's target in a document; empty if
// nothing is, or if it leads out of the repository by a URL.
func brokenLink(document, text, target string) string {
	if scheme.MatchString(target) {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	to := document
	if file != "" {
		to = path.Join(path.Dir(document), file)
		if path.IsAbs(file) || to == ".." || strings.HasPrefix(to, "../") {
			return "leads out of the repository"
		}
		b, err := os.ReadFile(filepath.Join(repository, to))
		if err != nil {
			if info, e := os.Stat(filepath.Join(repository, to)); e != nil || !info.IsDir() {
				return "leads nowhere"
			}
		}
		text = string(b)
	}
	if anchor != "" && path.Ext(to) == ".md" && !anchorsOf(text)[anchor] {
		return "leads to a heading that " + to + " does not have"
	}
	return ""
}

func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	for _, document := range filesOf(t, ".md") {
		b, err := os.ReadFile(filepath.Join(repository, document))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		lines := proseLines(text)
		for _, n := range slices.Sorted(maps.Keys(lines)) {
			for _, match := range linkTarget.FindAllStringSubmatch(codeSpan.ReplaceAllString(lines[n], "`code`"), -1) {
				target := cmp.Or(match[1:]...)
				if wrong := brokenLink(document, text, target); wrong != "" {
					t.Errorf("%s:%d: %s %s", document, n, target, wrong)
				}
			}
		}
	}
}

func TestAnchorsAreThoseThatGitHubMakes(t *testing.T) {
	got := slices.Sorted(maps.Keys(anchorsOf("# Compare, check & `tune`\n```\n# no heading\n```\n## One\n## One\n## [Linked](x.md) thing #\n")))
	want := []string{"compare-check--tune", "linked-thing", "one", "one-1"}
	if !slices.Equal(got, want) {
		t.Errorf("anchors %q, want %q", got, want)
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	for target, broken := range map[string]bool{
		"README.md": false, "results": false, "https://example.org/gone": false, "#here": false,
		"README.md#two-commands": false, "gone.md": true, "#there": true, "../README.md": true,
		"/README.md": true, "README.md#no-such-heading": true,
	} {
		if wrong := brokenLink("AT.md", "# Here", target); (wrong != "") != broken {
			t.Errorf("%s: %q, want a complaint: %v", target, wrong, broken)
		}
	}
}
