package findings

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// findCheapest names the strategy with the shortest mean hold time among those that
// deliver 99% or more under all conditions: first over all clients that have valid
// cells of every strategy compared, then for each client for which it is a different
// strategy.
func findCheapest(rejecting []*analysis.Summary) []string {
	clients := analysis.NamesOf(rejecting, analysis.ClientOf)
	var found []string
	var overall string
	compared := analysis.NamesOf(analysis.SameConditions(rejecting), analysis.ClientOf)
	if len(compared) > 1 {
		who := fmt.Sprintf("With all %d clients", len(clients))
		if len(compared) < len(clients) {
			who = "With " + words.List(compared) + " clients"
		}
		text, best := cheapest(rejecting, who)
		overall = best
		found = append(found, text...)
	}
	for _, client := range clients {
		of := analysis.OfClient(rejecting, client)
		text, best := cheapest(of, "With "+client+" clients")
		if best != "" && best != overall || len(compared) == 1 && client == compared[0] {
			found = append(found, text...)
		}
	}
	return found
}

// cheapest returns the sentence and the strategy. Both are empty with fewer than
// two strategies.
func cheapest(rejecting []*analysis.Summary, who string) (text []string, best string) {
	ranked := analysis.Rank(rejecting)
	if len(ranked) < 2 {
		return nil, ""
	}
	conditions := words.Plural(len(ranked[0].Parts), "condition")
	under := "under all of " + conditions
	if len(ranked[0].Parts) == 1 {
		under = "under the only condition"
	}
	if countConditions(rejecting) > len(ranked[0].Parts) {
		under += " with valid cells of every strategy compared"
	}
	good := slices.DeleteFunc(slices.Clone(ranked), func(r analysis.Standing) bool {
		short := slices.ContainsFunc(r.Parts, func(s *analysis.Summary) bool { return s.Delivered.Value < enough })
		return short || r.Delivered.Low < enough || r.HoldMs.Count == 0
	})
	if len(good) == 0 {
		highest := slices.MaxFunc(ranked, func(a, b analysis.Standing) int { return cmp.Compare(a.Delivered.Low, b.Delivered.Low) })
		var names []string
		for _, r := range ranked {
			if r.Delivered == highest.Delivered {
				names = append(names, r.Name)
			}
		}
		over := "Over all of them the"
		if len(ranked[0].Parts) == 1 {
			over = "The"
		}
		return []string{fmt.Sprintf("%s no strategy surely delivers %s or more %s. %s highest share is that of %s: %s.",
			who, enoughPercent, under, over, words.List(names), words.Share(highest.Delivered))}, ""
	}
	slices.SortStableFunc(good, func(a, b analysis.Standing) int { return cmp.Compare(a.HoldMs.Mean, b.HoldMs.Mean) })
	first := good[0]
	what := fmt.Sprintf("the cheapest of the %d strategies that delivered", len(good))
	if len(good) == 1 {
		what = "the only strategy that delivered"
	}
	sentence := fmt.Sprintf("%s %s %s or more %s is %s. It delivers %s. A rejection holds a descriptor for %s ms on average (p99 at most %s ms, n=%d)%s",
		who, what, enoughPercent, under, first.Name, words.Share(first.Delivered),
		units.Number(first.HoldMs.Mean), units.Number(first.HoldMs.P99), first.HoldMs.Count, cpuPhrase(first))
	if len(good) > 1 {
		next := good[1]
		wins, decided := shorter(first.Parts, next.Parts)
		sentence += fmt.Sprintf(". The next, %s, holds it for %s ms (n=%d), longer under %d of %s",
			next.Name, units.Number(next.HoldMs.Mean), next.HoldMs.Count, wins, conditions)
		if !stats.SignTest(wins, decided) {
			sentence += ", so the two do not differ measurably"
		}
	}
	return []string{sentence + "."}, first.Name
}

func countConditions(summaries []*analysis.Summary) int {
	seen := map[results.Point]bool{}
	for _, s := range summaries {
		seen[s.Conditions()] = true
	}
	return len(seen)
}

func cpuPhrase(r analysis.Standing) string {
	if r.CPUUs == 0 {
		return ""
	}
	return fmt.Sprintf(" and takes %s us of CPU time", units.Number(r.CPUUs))
}

// shorter counts the conditions under which a's mean hold is below b's, and those under
// which the two differ.
func shorter(a, b []*analysis.Summary) (wins, decided int64) {
	held := map[results.Point]float64{}
	for _, s := range b {
		held[s.Conditions()] = s.HoldMs.Mean
	}
	for _, s := range a {
		other, ok := held[s.Conditions()]
		if !ok || s.HoldMs.Mean == other {
			continue
		}
		decided++
		if s.HoldMs.Mean < other {
			wins++
		}
	}
	return wins, decided
}
