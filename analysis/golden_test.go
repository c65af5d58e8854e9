package analysis

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rejectbench/rejectbench/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (run with -update when this is meant):\n%s", path, diff)
	}
}

func TestTableIsAsRecorded(t *testing.T) {
	run := flawed(synthetic(t, smallGrid()))
	var b bytes.Buffer
	if err := Table(&b, run.Cells); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.golden", b.Bytes())
}

func TestTableOfALossyRatedRunIsAsRecorded(t *testing.T) {
	g := smallGrid()
	g.strategies, g.losses, g.rounds = []string{"close"}, []float64{0, 0.01}, 1
	run := synthetic(t, g)
	for i := range run.Cells {
		run.Cells[i].Limit, run.Cells[i].Rate = 16, 1000
	}
	var b bytes.Buffer
	if err := Table(&b, run.Cells); err != nil {
		t.Fatal(err)
	}
	golden(t, "table-lossy.golden", b.Bytes())
}

func TestTableOfNothingSaysSo(t *testing.T) {
	var b bytes.Buffer
	if err := Table(&b, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "no cells on record\n" {
		t.Errorf("got %q", got)
	}
}

func TestFindingsAreAsRecorded(t *testing.T) {
	for name, run := range map[string]*results.Run{
		"findings.golden":       flawed(synthetic(t, smallGrid())),
		"findings-alone.golden": synthetic(t, aloneGrid()),
	} {
		golden(t, name, []byte(strings.Join(Findings(run), "\n")+"\n"))
	}
}

func TestReportIsAsRecorded(t *testing.T) {
	g := smallGrid()
	g.strategies, g.clients, g.rounds = []string{"close", "lingering-close"}, []string{"blocking"}, 2
	run := flawed(synthetic(t, g))
	var b bytes.Buffer
	if err := Report(&b, run, nil); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.golden.html", b.Bytes())
}
