package table

import (
	"bufio"
	"io"

	"github.com/rejectbench/rejectbench/analysis"
)

// Write writes one line per point, the worst point first: its mark, the delivered
// share with its interval and n, the other outcomes, and the costs. Notes follow:
// rounds without a valid try, with their reasons, and ledgers that disagree.
func Write(w io.Writer, summaries []*analysis.Summary) error {
	b := bufio.NewWriter(w)
	if err := WriteFit(b, summaries, Fit{}); err != nil {
		return err
	}
	writeNotes(b, summaries)
	return b.Flush()
}

// ManyStrategies tells whether the points have more than one strategy.
func ManyStrategies(summaries []*analysis.Summary) bool {
	for _, s := range summaries {
		if s.Strategy != summaries[0].Strategy {
			return true
		}
	}
	return false
}
