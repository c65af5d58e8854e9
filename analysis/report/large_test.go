package report

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// largeRun is a run of n cells, each a point of its own: the cells of the
// committed reference run over and over, at other concurrencies, losses and
// bodies, with their counts moved a little and their histograms kept.
func largeRun(t testing.TB, n int) *results.Run {
	t.Helper()
	run, err := results.Open(filepath.Join("..", "..", "results", "reference"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []results.Cell
	seen := map[results.Point]bool{}
	for _, c := range run.Cells {
		c.Round, c.Concurrency = 0, 0
		if p := c.Point.Key(); c.Valid && !seen[p] {
			seen[p] = true
			sources = append(sources, c)
		}
	}
	concurrencies := []int{10, 50, 100, 500, 1000}
	cells := make([]results.Cell, 0, n)
	for turn := 0; len(cells) < n; turn++ {
		for _, c := range sources[:min(len(sources), n-len(cells))] {
			c.Concurrency = concurrencies[turn%5]
			c.Loss = float64(turn/5%4) / 100
			c.BodyBytes += int64(turn/20) << 10
			c.Server.HoldMs.Mean *= 1 + float64(turn%7)/50
			cells = append(cells, c)
		}
	}
	run.Cells = cells
	run.Manifest.Name, run.Manifest.Planned = fmt.Sprintf("%d cells", n), n
	return run
}

func TestThePageOfTenThousandPointsStaysBelow10MB(t *testing.T) {
	study := analysis.NewStudy(largeRun(t, 10_000))
	if len(study.Summaries) != 10_000 {
		t.Fatalf("%d points", len(study.Summaries))
	}
	var b bytes.Buffer
	if err := Write(&b, contentOfStudy(study)); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 10e6 {
		t.Errorf("the page has %d bytes", b.Len())
	}
	if strings.Count(b.String(), "<tr") > 2000 {
		t.Error("the page has more rows than it can show")
	}
}

func BenchmarkReportOfTenThousandCells(b *testing.B) {
	run := largeRun(b, 10_000)
	for b.Loop() {
		if err := Write(io.Discard, Content{Study: analysis.NewStudy(run)}); err != nil {
			b.Fatal(err)
		}
	}
}
