package analysis

import (
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/results/units"
)

// findFrontier says which strategies are on the frontier of delivered share
// against the time a descriptor is held, for each kind of client and over all,
// and where drain-until-acked stands by each cost.
func findFrontier(rejecting []*Summary) []string {
	var found []string
	names, parts := mixes(rejecting)
	for i, name := range names {
		points, conditions := Frontier(parts[i], Costs[0])
		if len(points) < 3 { // with two findCheapest has said it all
			continue
		}
		var on, unclear []string
		for _, p := range points {
			switch p.Place {
			case OnFrontier:
				on = append(on, fmt.Sprintf("%s %s for %s ms (n=%d)", p.Strategy, sharePhrase(p.Delivered), units.Number(p.Cost), p.N))
			case NotApart:
				unclear = append(unclear, p.Strategy)
			}
		}
		text := fmt.Sprintf("Frontier of delivered share against hold time, %s, %s: ", name, plural(conditions, "condition"))
		if len(on) > 0 {
			text += list(on)
		} else {
			text += "no strategy is measurably on it"
		}
		if len(unclear) > 0 {
			text += fmt.Sprintf("; %s cannot be told apart from it", list(unclear))
		}
		text += "."
		found = append(found, text+drainPhrase(parts[i]))
	}
	return found
}

// drainPhrase is where drain-until-acked stands by each cost; nothing where it
// was not measured.
func drainPhrase(points []*Summary) string {
	var parts []string
	for _, cost := range Costs {
		placed, _ := Frontier(points, cost)
		i := slices.IndexFunc(placed, func(p FrontierPoint) bool { return p.Strategy == drainUntilAcked })
		if i < 0 {
			continue
		}
		p := placed[i]
		text := map[Place]string{OnFrontier: "on it", NotApart: "not told apart from it", Beaten: "beaten by " + p.BeatenBy}[p.Place]
		amount := units.Number(p.Cost) + " " + cost.Unit
		if cost.Unit == "B" {
			amount = units.Size(int64(p.Cost))
		}
		parts = append(parts, fmt.Sprintf("%s by %s (%s)", text, cost.Noun, amount))
	}
	if len(parts) == 0 {
		return ""
	}
	return " Against the frontier of each cost " + drainUntilAcked + " is " + list(parts) + "."
}
