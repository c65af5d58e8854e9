package analysis

import (
	"cmp"
	"slices"
)

// Standing is a strategy, or another value that is compared, with its pooled figures.
type Standing struct {
	*Summary            // pooled over the conditions
	Name     string     // of the strategy or of the other value
	Parts    []*Summary // the pooled summaries, one per condition
}

// Rank pools each strategy over the conditions that SameConditions returns. The
// lowest share of delivered answers comes first.
func Rank(summaries []*Summary) []Standing {
	same := SameConditions(summaries)
	var ranked []Standing
	for _, strategy := range NamesOf(same, StrategyOf) {
		parts := OfStrategy(same, strategy)
		ranked = append(ranked, Standing{Pool(parts), strategy, parts})
	}
	slices.SortStableFunc(ranked, func(a, b Standing) int { return cmp.Compare(a.Delivered.Value, b.Delivered.Value) })
	return ranked
}
