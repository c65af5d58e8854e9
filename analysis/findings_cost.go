package analysis

import (
	"cmp"
	"fmt"
	"slices"
)

// findCheapest names, for each kind of client, the strategy that holds a
// rejected connection shortest among those that deliver enough everywhere.
func findCheapest(rejecting []*Summary) []string {
	var found []string
	for _, client := range namesOf(rejecting, clientOf) {
		good := slices.DeleteFunc(rank(where(rejecting, func(s *Summary) bool { return s.Client == client })), func(r standing) bool {
			short := slices.ContainsFunc(r.parts, func(s *Summary) bool { return s.Delivered.Value < enough })
			return short || r.Delivered.Low < enough || r.HoldMs.Count == 0
		})
		if len(good) < 2 {
			continue // nothing to choose from
		}
		slices.SortStableFunc(good, func(a, b standing) int { return cmp.Compare(a.HoldMs.Mean, b.HoldMs.Mean) })
		best, next := good[0], good[1]
		text := fmt.Sprintf("With %s clients the cheapest of the %d strategies that delivered %s%% or more under all of %s is %s: a rejection holds a descriptor for %s ms on average (n=%d, p99 at most %s ms)%s and delivers %s",
			client, len(good), percent(enough), plural(len(best.parts), "condition"), best.strategy,
			number(best.HoldMs.Mean), best.HoldMs.Count, number(best.HoldMs.P99), cpuPhrase(best), sharePhrase(best.Delivered))
		text += fmt.Sprintf("; next is %s with %s ms (n=%d)", next.strategy, number(next.HoldMs.Mean), next.HoldMs.Count)
		if wins := shorter(best.parts, next.parts); wins < len(best.parts) {
			text += fmt.Sprintf(", which is not longer under %d of %s, so that the two cannot be told apart", len(best.parts)-wins, plural(len(best.parts), "condition"))
		}
		found = append(found, text+".")
	}
	return found
}

func cpuPhrase(r standing) string {
	if r.CPUUs == 0 {
		return ""
	}
	return fmt.Sprintf(", costs %s us of CPU time", number(r.CPUUs))
}

// shorter counts the conditions under which a's mean hold is below b's.
func shorter(a, b []*Summary) int {
	var wins int
	for _, x := range a {
		for _, y := range b {
			if x.conditions() == y.conditions() && x.HoldMs.Mean < y.HoldMs.Mean {
				wins++
			}
		}
	}
	return wins
}
