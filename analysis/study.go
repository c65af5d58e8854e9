package analysis

import (
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Study is a run with its points summed up: once for everything that is said
// about it, as summing up is most of the work. The run must not change while a
// study of it is in use.
type Study struct {
	Run *results.Run
	// Summaries are the run's points in the order of the manifest's vocabularies.
	Summaries []*Summary
}

// NewStudy sums up a run.
func NewStudy(run *results.Run) *Study {
	return &Study{Run: run, Summaries: Summarize(run.Cells, &run.Manifest)}
}

// Grid returns the summaries of points that belong to no scenario: what strategies
// and conditions are compared by. A scenario's cells have nothing in common with
// those of another.
func (s *Study) Grid() []*Summary {
	if len(s.Run.Manifest.Scenarios) == 0 {
		return s.Summaries
	}
	return Where(s.Summaries, OutsideScenarios)
}

func OutsideScenarios(s *Summary) bool { return s.Scenario == "" }

// WithTwins returns the summaries with those of the second cells of A/A pairs,
// as points of their own: for what is said of validity, which they are part of.
func (s *Study) WithTwins() []*Summary { return slices.Concat(s.Summaries, twins(s.Run.Cells)) }
