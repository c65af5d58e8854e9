package analysis

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// plotRuns are the shapes of runs that plots must stand.
func plotRuns(t *testing.T) map[string]*results.Run {
	t.Helper()
	spoilt := synthetic(t, tinyGrid())
	for i := range spoilt.Cells {
		spoilt.Cells[i].Valid, spoilt.Cells[i].InvalidReason = false, "path late & <slow>"
	}
	long := tinyGrid()
	long.strategies = []string{"close", "nginx:with-a-very-long-variant-name-of-its-own", "<b>&\"bold\""}
	return map[string]*results.Run{
		"several":   flawed(synthetic(t, tinyGrid())),
		"alone":     synthetic(t, aloneGrid()),
		"invalid":   spoilt,
		"long":      synthetic(t, long),
		"unlabeled": {Cells: synthetic(t, aloneGrid()).Cells},
	}
}

func TestPlotsAreWholeSVGAndPNGFiles(t *testing.T) {
	for name, run := range plotRuns(t) {
		t.Run(name, func(t *testing.T) {
			figures, err := Figures(NewStudy(run))
			if err != nil {
				t.Fatal(err)
			}
			paths, err := WriteFigures(figures, filepath.Join(t.TempDir(), "plots"))
			if err != nil {
				t.Fatal(err)
			}
			if len(paths) < 10 || len(paths)%2 != 0 {
				t.Fatalf("%d files: %q", len(paths), paths)
			}
			for _, path := range paths {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(path, ".svg") {
					checkXML(t, path, b)
					continue
				}
				if _, err := png.Decode(bytes.NewReader(b)); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		})
	}
}

func checkXML(t *testing.T, name string, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func TestPlotsOfTheSameRunAreTheSameBytes(t *testing.T) {
	run := flawed(synthetic(t, tinyGrid()))
	shuffled := *run
	shuffled.Cells = slices.Clone(run.Cells)
	slices.Reverse(shuffled.Cells)
	one, two := layOut(NewStudy(run)), layOut(NewStudy(&shuffled))
	if len(one) != len(two) {
		t.Fatalf("%d and %d figures", len(one), len(two))
	}
	for i := range one {
		for _, render := range []func(*figure) ([]byte, error){(*figure).svg, (*figure).png} {
			a, errA := render(one[i])
			b, errB := render(two[i])
			if err := errors.Join(errA, errB); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a, b) {
				t.Errorf("%s differs", one[i].name)
			}
		}
	}
}

func TestNoPanelIsEmpty(t *testing.T) {
	for name, run := range plotRuns(t) {
		for _, f := range layOut(NewStudy(run)) {
			for _, row := range f.panels {
				for _, p := range row {
					content := false
					plotters := reflect.ValueOf(p).Elem().FieldByName("plotters")
					for i := range plotters.Len() {
						switch plotters.Index(i).Elem().Type() {
						case reflect.TypeFor[rules](), reflect.TypeFor[bands](): // no content by themselves
						default:
							content = true
						}
					}
					if !content {
						t.Errorf("%s: %s: panel %q shows nothing", name, f.name, p.Title.Text)
					}
				}
			}
		}
	}
}

func TestARunWithoutValidCellsSaysSoInEveryPanel(t *testing.T) {
	for _, f := range layOut(NewStudy(plotRuns(t)["invalid"])) {
		svg, err := f.svg()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(svg), "no valid cell: path late"); got != len(f.panels)*len(f.panels[0]) {
			t.Errorf("%s: said in %d panels", f.name, got)
		}
	}
}

func TestAStrategyLooksTheSameInEveryRun(t *testing.T) {
	m := &results.Manifest{Strategies: allStrategies}
	some := looks(m, []string{"close"})
	all := looks(m, []string{"zeta", "nethttp", "close", "alpha"})
	if some["close"].glyph != all["close"].glyph || some["close"].color != all["close"].color {
		t.Error("the look of close depends on what else was measured")
	}
	if want := lookOf(len(allStrategies)); all["alpha"].glyph != want.glyph || all["alpha"].color != want.color {
		t.Error("names the manifest does not know do not follow by alphabet")
	}
}

func TestLooksOfDifferentStrategiesDiffer(t *testing.T) {
	type pair struct{ color, glyph any }
	seen := map[pair]int{}
	for i := range 56 {
		l := lookOf(i)
		p := pair{l.color, l.glyph}
		if j, ok := seen[p]; ok {
			t.Fatalf("%d looks like %d", i, j)
		}
		seen[p] = i
	}
}

func TestANameFitsAFileName(t *testing.T) {
	for description, want := range map[string]string{
		"": "", "duplex client": "-duplex", "nethttp client, loss 0.5%": "-nethttp-loss-0.5", "../a/b client": "-a-b", "loss 1%, 50 attempts/s": "-loss-1-50-attempts-s",
	} {
		if got := stem(description); got != want {
			t.Errorf("stem(%q) = %q, want %q", description, got, want)
		}
	}
}
