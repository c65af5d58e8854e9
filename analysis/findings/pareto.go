package findings

import (
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/frontier"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results/units"
)

// findFrontier names the strategies on the Pareto frontier of delivered share
// against hold time, for each client and over all, and the place of
// drain-until-acked by each cost.
func findFrontier(rejecting []*analysis.Summary) []string {
	var found []string
	names, parts := frontier.Mixes(rejecting)
	said := map[string]bool{} // what follows the name
	for i, name := range names {
		points, conditions := frontier.Of(parts[i], frontier.Costs[0])
		if len(points) < 3 { // findCheapest covers two strategies
			continue
		}
		var on, unclear []string
		for _, p := range points {
			switch p.Place {
			case frontier.OnFrontier:
				on = append(on, fmt.Sprintf("%s %s for %s ms (n=%d)", p.Strategy, words.Share(p.Delivered), units.Number(p.Cost), p.N))
			case frontier.NotApart:
				unclear = append(unclear, p.Strategy)
			}
		}
		text := words.Plural(conditions, "condition") + ": "
		if len(on) > 0 {
			text += words.List(on)
		} else {
			text += "no strategy is measurably on it"
		}
		if len(unclear) > 0 {
			text += fmt.Sprintf("; not measurably on or off it: %s", words.List(unclear))
		}
		text += "." + drainPhrase(parts[i])
		// The frontier of all clients is that of one if no other has valid cells of every strategy.
		if !said[text] || i < len(names)-1 {
			found = append(found, fmt.Sprintf("Frontier of delivered share against hold time, %s, %s", name, text))
		}
		said[text] = true
	}
	return found
}

// drainPhrase gives the place of drain-until-acked by each cost. It is empty where
// drain-until-acked was not measured.
func drainPhrase(points []*analysis.Summary) string {
	var parts []string
	for _, cost := range frontier.Costs {
		placed, _ := frontier.Of(points, cost)
		i := slices.IndexFunc(placed, func(p frontier.Position) bool { return p.Strategy == frontier.DrainUntilAcked })
		if i < 0 {
			continue
		}
		p := placed[i]
		text := map[frontier.Place]string{frontier.OnFrontier: "on it", frontier.NotApart: "not measurably on or off it", frontier.Beaten: "beaten by " + p.BeatenBy}[p.Place]
		amount := units.Number(p.Cost) + " " + cost.Unit
		if cost.Unit == "B" {
			amount = units.Size(int64(p.Cost))
		}
		parts = append(parts, fmt.Sprintf("%s by %s (%s)", text, cost.Noun, amount))
	}
	if len(parts) == 0 {
		return ""
	}
	return " Against the frontier of each cost " + frontier.DrainUntilAcked + " is " + words.List(parts) + "."
}
