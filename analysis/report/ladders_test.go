package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

const ladder = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" role="img" color="currentColor">
<title>close &amp; go</title><mask id="gap"><rect width="4" height="4" fill="#fff"/></mask><g mask="url(#gap)"><path d="M0 0L4 4" stroke="currentColor"/></g>
</svg>`

// inFolder writes files and returns their paths.
func inFolder(t *testing.T, files map[string]string, names ...string) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestDrawingsAreInOrderAndTheirIDsDiffer(t *testing.T) {
	g := analysistest.TinyGrid()
	g.Strategies = []string{"close", "shutdown", "lingering-close"}
	names := []string{"close-blocking-rtt50ms-body0.svg", "close-duplex-rtt50ms-body0.svg", "lingering-close-blocking-rtt50ms-body0.svg", "shutdown-blocking-rtt50ms-body0.svg"}
	files := map[string]string{}
	for _, name := range names {
		files[name] = strings.Replace(ladder, "close &amp; go", name, 1)
	}
	page := reportOf(t, analysistest.Synthetic(t, g), inFolder(t, files, names...)...)
	var at []int
	for _, want := range []string{"<summary>close<", names[0], names[1], "<summary>shutdown<", names[3], "<summary>lingering-close<", names[2]} {
		at = append(at, strings.Index(page, want))
	}
	for i, place := range at {
		if place < 0 || i > 0 && place < at[i-1] {
			t.Errorf("places %v", at)
			break
		}
	}
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if seen[id[1]] {
			t.Errorf("the id %s occurs twice", id[1])
		}
		seen[id[1]] = true
	}
	uses := regexp.MustCompile(`url\(#([^)]+)\)`).FindAllStringSubmatch(page, -1)
	if len(uses) < len(names) {
		t.Errorf("%d references in %d drawings", len(uses), len(names))
	}
	for _, use := range uses {
		if !seen[use[1]] {
			t.Errorf("%s names nothing", use[1])
		}
	}
}

// The name of a file may lack characters of the names of its point, and the files of a
// scenario begin with the scenario.
func TestEveryDrawingIsGroupedUnderTheStrategyOfItsPoint(t *testing.T) {
	plain := results.Point{Strategy: "nginx", Client: "duplex", RTTMs: 50, Concurrency: 10, BodyBytes: 1 << 20}
	variant := plain
	variant.Strategy, variant.TLS = "nginx:lingering_close=off", true
	part := plain
	part.Strategy, part.Scenario, part.Part = "h2o", "hyper-3078", "small"
	var summaries []*analysis.Summary
	files, want := map[string]string{"close-x.svg": ladder}, map[string]results.Point{"close-x.svg": {}}
	names := []string{"close-x.svg"}
	for _, p := range []results.Point{plain, variant, part} {
		summaries = append(summaries, &analysis.Summary{Point: p})
		name := p.FileName() + ".svg"
		files[name], want[name], names = ladder, p, append(names, name)
	}
	// Older versions named the files so.
	for name, p := range map[string]results.Point{"hyper-3078-small.svg": part, "nginx-duplex-rtt50ms-body0.svg": plain} {
		files[name], want[name], names = ladder, p, append(names, name)
	}
	shown := 0
	for _, g := range readLadders(summaries, nil, inFolder(t, files, names...)) {
		for _, d := range g.Of {
			shown++
			if p := want[d.Name]; g.Strategy != p.Strategy || d.Client != p.Client {
				t.Errorf("%s is under %q with %q clients, want %q and %q", d.Name, g.Strategy, d.Client, p.Strategy, p.Client)
			}
		}
	}
	if shown != len(names) {
		t.Errorf("%d drawings of %d", shown, len(names))
	}
}

func TestADrawingHasOnlyShapesAndText(t *testing.T) {
	for name, spoil := range map[string][2]string{
		"a script":                  {"<g ", `<script>alert(1)</script><g `},
		"a handler":                 {"<rect ", `<rect onload="alert(1)" `},
		"markup of a page":          {"<g ", `<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject><g `},
		"a link":                    {"<g ", `<a href="https://example.org/">x</a><g `},
		"an image from elsewhere":   {"url(#gap)", "url(https://example.org/x)"},
		"a style sheet":             {"<g ", "<style>*{display:none}</style><g "},
		"an end that never comes":   {"</svg>", ""},
		"something else altogether": {ladder, "<p>drawing</p>"},
		"nothing":                   {ladder, ""},
	} {
		bad := strings.Replace(ladder, spoil[0], spoil[1], 1)
		if svg, _, err := cleanSVG(strings.NewReader(bad), "l-"); err == nil {
			t.Errorf("%s was let in: %s", name, svg)
		}
	}
}

func TestADamagedDrawingDoesNotFailTheReport(t *testing.T) {
	page := reportOf(t, analysistest.Synthetic(t, analysistest.TinyGrid()), inFolder(t, map[string]string{"close-blocking-x.svg": ladder[:80]}, "close-blocking-x.svg")...)
	if !strings.Contains(page, "close-blocking-x.svg cannot be shown: ") || !strings.Contains(page, "</html>") {
		t.Error("not said")
	}
}

func TestTextOfADrawingStaysText(t *testing.T) {
	svg, title, err := cleanSVG(strings.NewReader(ladder), "l-")
	if err != nil || title != "close & go" || !strings.Contains(string(svg), "<title>close &amp; go</title>") {
		t.Errorf("%s, %q, %v", svg, title, err)
	}
	analysistest.CheckXML(t, "drawing", []byte(svg))
}

// The drawings that a run makes: whatever they come to hold, a report shows it.
func TestEveryRecordedLadderCanBeShown(t *testing.T) {
	paths, err := filepath.Glob("../../targets/netpath/wire/ladder/testdata/*.svg")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no drawings: %v", err)
	}
	for _, path := range paths {
		d := readLadder(path, "l-")
		if d.Problem != "" || d.Title == "" || !strings.Contains(string(d.SVG), `role="img"`) {
			t.Errorf("%s: %s, title %q", path, d.Problem, d.Title)
		}
	}
}

func FuzzCleanedDrawingsNeitherRunNorLoad(f *testing.F) {
	f.Add(ladder)
	f.Add(`<svg xmlns="http://www.w3.org/2000/svg"><text x="&quot; onload=&quot;x">&lt;script></text></svg>`)
	f.Fuzz(func(t *testing.T, in string) {
		svg, _, err := cleanSVG(strings.NewReader(in), "l-")
		if err != nil {
			return
		}
		for _, bad := range []string{"<script", "<style", "<a ", "<image", "<use"} {
			if strings.Contains(strings.ToLower(string(svg)), bad) {
				t.Errorf("%q became %q", in, svg)
			}
		}
		analysistest.CheckXML(t, "drawing", []byte(svg))
	})
}
