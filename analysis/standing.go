package analysis

import (
	"cmp"
	"slices"
)

// Standing is a strategy with its pooled figures.
type Standing struct {
	*Summary
	Strategy string
	Parts    []*Summary
}

// Rank pools each strategy over the conditions measured for all of them, the
// fewest delivered first. Where there is no such condition, strategies with the
// fewest points stay out until there is one.
func Rank(summaries []*Summary) []Standing {
	same := SameConditions(summaries)
	var ranked []Standing
	for _, strategy := range NamesOf(same, StrategyOf) {
		parts := Where(same, func(s *Summary) bool { return s.Strategy == strategy })
		ranked = append(ranked, Standing{Pool(parts), strategy, parts})
	}
	slices.SortStableFunc(ranked, func(a, b Standing) int { return cmp.Compare(a.Delivered.Value, b.Delivered.Value) })
	return ranked
}
