package findings

import (
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// findFates says, for each client, where answers were lost. Strategies that lost
// most answers in the same place share a sentence. Where no place surely has more
// than half of the losses, or there are too few to tell, the sentence says so.
func findFates(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client && s.Recorded() })
		groups := map[results.Fate][]string{}
		for _, strategy := range analysis.NamesOf(of, analysis.StrategyOf) {
			if points := analysis.OfStrategy(of, strategy); analysis.Pool(points).LostAs(results.ArrivedNotRead).N > 0 {
				fate := mainFate(points)
				groups[fate] = append(groups[fate], strategy)
			}
		}
		for _, fate := range []results.Fate{results.ArrivedNotRead, results.LostOnPath, results.NeverSent, results.UnknownFate} {
			if strategies := groups[fate]; len(strategies) > 0 {
				all := analysis.Pool(analysis.Where(of, func(s *analysis.Summary) bool { return slices.Contains(strategies, s.Strategy) }))
				found = append(found, fatePhrase(all, fate, words.List(strategies), client))
			}
		}
	}
	return found
}

// fewestLost is the number of lost answers from which on a condition tells where they
// are lost.
const fewestLost = 5

// mainFate is the fate of more than half of the lost answers of each of the points that
// lost a few or more. It is UnknownFate if there is none.
func mainFate(points []*analysis.Summary) results.Fate {
	telling := analysis.Where(points, func(s *analysis.Summary) bool { return s.LostAs(results.ArrivedNotRead).N >= fewestLost })
	for _, f := range []results.Fate{results.ArrivedNotRead, results.LostOnPath, results.NeverSent} {
		if len(telling) > 0 && !analysis.Any(telling, func(s *analysis.Summary) bool { return s.LostAs(f).Value <= 0.5 }) {
			return f
		}
	}
	return results.UnknownFate
}

// fateVerbs complete "of the lost answers, k of n".
var fateVerbs = map[results.Fate]string{
	results.ArrivedNotRead: "arrived whole in the client's kernel but its code did not read them",
	results.LostOnPath:     "were lost on the path",
	results.NeverSent:      "never left the server whole",
	results.UnknownFate:    "have a fate that the ledgers do not show",
}

func fatePhrase(all *analysis.Summary, first results.Fate, strategies, client string) string {
	n := all.LostAs(first).N
	text := fmt.Sprintf("Answers lost under %s with %s clients: ", strategies, client)
	order := []results.Fate{results.ArrivedNotRead, results.LostOnPath, results.NeverSent, results.UnknownFate}
	if first == results.UnknownFate {
		text = fmt.Sprintf("No place has most of the answers lost under %s with %s clients at every condition: ", strategies, client)
		if n < fewestLost {
			text = fmt.Sprintf("Too few answers were lost under %s with %s clients to say where they are lost: ", strategies, client)
		}
	} else {
		order = slices.DeleteFunc(order, func(f results.Fate) bool { return f == first })
		order = slices.Insert(order, 0, first)
	}
	var parts []string
	for i, f := range order {
		share := all.LostAs(f)
		switch {
		case share.K == n:
			return text + fmt.Sprintf("all %s: %s.", fateVerbs[f], ofAll(share.K, share.N))
		case share.K > 0, i == 0 && first != results.UnknownFate:
			parts = append(parts, ofAll(share.K, share.N)+" "+fateVerbs[f])
		}
	}
	return text + semicolons(parts) + "."
}

// findRecovered names the strategies under which every answer was read although
// some of its packets were retransmitted.
func findRecovered(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		var names []string
		var weakest stats.Share
		var retransmitted int64
		for _, strategy := range analysis.NamesOf(rejecting, analysis.StrategyOf) {
			points := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client && s.Strategy == strategy && s.Recorded() })
			all := analysis.Pool(points)
			read := all.Fate(results.Read)
			if !read.Known() || read.K < read.N || all.Wire.Retransmitted == 0 {
				continue
			}
			names = append(names, strategy)
			retransmitted += all.Wire.Retransmitted
			for _, s := range points {
				weakest = weaker(weakest, s.Fate(results.Read))
			}
		}
		if len(names) > 0 {
			found = append(found, fmt.Sprintf("With %s clients every answer was read under %s although %d packets of answers were retransmitted: at the least certain condition %s.",
				client, words.List(names), retransmitted, words.Share(weakest)))
		}
	}
	return found
}

// findAgreement counts the connections on which the ledgers of valid cells disagree.
func findAgreement(rejecting []*analysis.Summary) []string {
	all := analysis.Pool(rejecting).Wire
	if all == nil || all.Agreement.Disagreed == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The ledgers of wire, fleet and server disagree on %s connections.",
		ofAll(all.Agreement.Disagreed, all.Connections))}
}
