package analysis

import (
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Study is a run with the summaries of its points. They are computed once for
// everything that is written about the run, as they take most of the time. The run
// must not change while its study is in use.
type Study struct {
	Run *results.Run
	// Summaries has one entry per point, in the order of the manifest's vocabularies.
	Summaries []*Summary

	twins []*Summary // of the second cells of A/A pairs
}

// NewStudy returns the study of a run.
func NewStudy(run *results.Run) *Study {
	points := Group(run.Cells)
	return &Study{Run: run, Summaries: summarizePoints(points, &run.Manifest), twins: twins(points)}
}

// SystemPhrases names the kind of path, the congestion control and the kernel of a run,
// as "path netem". It leaves out what is not on record.
func SystemPhrases(m *results.Manifest) []string {
	var phrases []string
	for _, p := range []struct{ noun, name string }{
		{"path", m.PathKind}, {"congestion control", m.TCP["tcp_congestion_control"]}, {"Linux", m.Kernel},
	} {
		if p.name != "" {
			phrases = append(phrases, p.noun+" "+p.name)
		}
	}
	return phrases
}

// Grid returns the summaries of points outside scenarios: those over which strategies
// and conditions are compared. Cells of different scenarios are not comparable.
func (s *Study) Grid() []*Summary {
	if len(s.Run.Manifest.Scenarios) == 0 {
		return s.Summaries
	}
	return Where(s.Summaries, OutsideScenarios)
}

// OutsideScenarios reports whether a point belongs to no scenario.
func OutsideScenarios(s *Summary) bool { return s.Scenario == "" }

// WithTwins returns the summaries, and those of the second cells of A/A pairs as
// further points. It is for statements on validity, which include twins.
func (s *Study) WithTwins() []*Summary { return slices.Concat(s.Summaries, s.twins) }
