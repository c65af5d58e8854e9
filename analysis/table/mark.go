package table

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
)

// A mark is the sign in front of a row, which says whether the point loses answers.
type mark struct {
	sign, meaning string
	colour        string // SGR parameters of the sign and the share
}

// The marks. A row without losses has none.
var (
	losesMark   = mark{"!", fmt.Sprintf("delivers less than %.0f%%", verdict.Target*100), "1;31"}
	someMark    = mark{"~", "lost answers, and it is undecided whether so many", "33"}
	invalidMark = mark{"x", "no valid round", "35"}
)

func markOf(s *analysis.Summary) mark {
	d := s.Delivered
	switch {
	case !s.Valid():
		return invalidMark
	case !d.Known() || d.K == d.N:
		return mark{}
	case verdict.StateOf(d, verdict.Target) == verdict.Loses:
		return losesMark
	}
	return someMark
}

// worstFirst returns the summaries with the lowest delivered share first. Points
// without a share come last, those without a valid round at the very end.
func worstFirst(summaries []*analysis.Summary) []*analysis.Summary {
	rank := func(s *analysis.Summary) int {
		switch {
		case !s.Valid():
			return 2
		case !s.Delivered.Known():
			return 1
		}
		return 0
	}
	return slices.SortedFunc(slices.Values(summaries), func(a, b *analysis.Summary) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			cmp.Compare(a.Delivered.Value, b.Delivered.Value),
			results.ComparePoints(&a.Point, &b.Point, nil),
		)
	})
}
