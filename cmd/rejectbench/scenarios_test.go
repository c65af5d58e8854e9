package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/cmd/internal/scenario"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

func scenarioRunOf(t *testing.T, names string) (runFlags, sources, sweep.Options) {
	t.Helper()
	var f runFlags
	cmd := f.command()
	if err := cmd.ParseFlags([]string{"--scenario", names}); err != nil {
		t.Fatal(err)
	}
	read, err := f.open(cmd.Flags())
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.options(cmd.Flags(), read)
	if err != nil {
		t.Fatal(err)
	}
	return f, read, o
}

func TestRunOfAllScenariosHasACellForEachPart(t *testing.T) {
	_, _, o := scenarioRunOf(t, "all")
	all, err := scenario.All()
	if err != nil {
		t.Fatal(err)
	}
	parts := 0
	for _, s := range all {
		for _, p := range s.Parts {
			parts++
			of, ok := o.Overrides[sweep.PartName{Scenario: s.Name, Part: p.Name}]
			if !ok || of.Requests != p.Requests || *of.Bounds != p.Bounds(o.Bounds) || !slices.Contains(o.Points, p.Point) {
				t.Errorf("%s/%s is %+v", s.Name, p.Name, of)
			}
		}
	}
	if len(o.Points) != parts || len(o.Overrides) != parts {
		t.Errorf("%d points and %d settings for %d parts", len(o.Points), len(o.Overrides), parts)
	}
	for _, p := range o.Points {
		if p.Concurrency == 0 || p.Client == "" || p.Request() < 1 {
			t.Errorf("%+v", p)
		}
	}
}

func TestReadmeScenarioParses(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "analysis", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(b), "```yaml\nname: shop-17\n")
	text, _, closed := strings.Cut(text, "```")
	if !found || !closed {
		t.Fatal("analysis/README.md has no scenario shop-17")
	}
	file := filepath.Join(t.TempDir(), "shop-17.yaml")
	if err := os.WriteFile(file, []byte("name: shop-17\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := scenario.Lookup(file); err != nil {
		t.Error(err)
	}
}

// The terminal and the record both name every part that is left out.
func TestAllScenariosReportPartsSkippedForMissingSoftware(t *testing.T) {
	f, read, o := scenarioRunOf(t, "all")
	t.Setenv("PATH", t.TempDir())
	var stderr bytes.Buffer
	records, err := f.openScenarios(t.Context(), read, &o, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{}
	for _, p := range o.Points {
		run[p.Scenario+"/"+p.Part] = true
	}
	out := 0
	for _, s := range records {
		for _, p := range s.Parts {
			if (p.NotRun == "") != run[s.Name+"/"+p.Name] {
				t.Errorf("%s/%s: run %v, said %q", s.Name, p.Name, run[s.Name+"/"+p.Name], p.NotRun)
			}
			if p.NotRun == "" {
				continue
			}
			out++
			if !strings.Contains(stderr.String(), "scenario "+s.Name+": part "+p.Name+" is left out: ") {
				t.Errorf("nothing is said of %s/%s", s.Name, p.Name)
			}
		}
	}
	if out == 0 || len(run) == 0 {
		t.Fatalf("%d parts are left out, %d are run", out, len(run))
	}
	for name := range o.Programs {
		if !slices.ContainsFunc(o.Points, func(p results.Point) bool { return p.Strategy == name }) {
			t.Errorf("%s is still to be started", name)
		}
	}
}
