package analysis

import (
	"io"

	"github.com/rejectbench/rejectbench/results"
)

// Study is a run with its points summed up: once for everything that is said
// about it, as summing up is most of the work.
type Study struct {
	Run *results.Run
	// Summaries are the run's points in the order of the manifest's vocabularies.
	Summaries []*Summary

	findings []string // once they were asked for
}

// NewStudy sums up a run. The run is not changed and must not change while the
// study is in use, which is by one goroutine at a time.
func NewStudy(run *results.Run) *Study {
	return &Study{Run: run, Summaries: Summarize(run.Cells, &run.Manifest)}
}

// Table writes the table of the run's points: see the function Table.
func (s *Study) Table(w io.Writer) error { return writeTable(w, inAlphabet(s.Summaries)) }

// Findings says what the run shows: see the function Findings.
func (s *Study) Findings() []string {
	if s.findings == nil {
		s.findings = append(findScenarios(s), findingsOf(s.Run, s.Summaries)...)
	}
	return s.findings
}

// Plots draws the run's plots: see the function Plots.
func (s *Study) Plots(dir string) ([]string, error) { return writePlots(s.figures(), dir) }

// Report writes the run's page: see the function Report.
func (s *Study) Report(w io.Writer, plots, ladders []string) error {
	return writeReport(w, s, plots, ladders)
}
