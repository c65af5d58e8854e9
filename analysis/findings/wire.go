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
			all := analysis.Pool(analysis.OfStrategy(of, strategy))
			if all.LostAs(results.ArrivedNotRead).N > 0 {
				fate := mainFate(all)
				groups[fate] = append(groups[fate], strategy)
			}
		}
		for _, fate := range []results.Fate{results.ArrivedNotRead, results.LostOnPath, results.NeverSent, results.UnknownFate} {
			if strategies := groups[fate]; len(strategies) > 0 {
				all := analysis.Pool(analysis.Where(of, func(s *analysis.Summary) bool { return slices.Contains(strategies, s.Strategy) }))
				if fate == results.UnknownFate {
					fate = mainFate(all) // together they may be enough
				}
				found = append(found, fatePhrase(all, fate, words.List(strategies), client))
			}
		}
	}
	return found
}

// mainFate is the fate of surely more than half of the lost answers. It is UnknownFate
// if there is none.
func mainFate(s *analysis.Summary) results.Fate {
	for _, f := range []results.Fate{results.ArrivedNotRead, results.LostOnPath, results.NeverSent} {
		if s.LostAs(f).Low > 0.5 {
			return f
		}
	}
	return results.UnknownFate
}

// fateVerbs complete "of the lost answers, p%".
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
		text = fmt.Sprintf("No place surely has most of the answers lost under %s with %s clients: ", strategies, client)
		if stats.NewShare(n, n).Low <= 0.5 { // even if all of them are lost in one place
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
			return text + fmt.Sprintf("all %s: %s.", fateVerbs[f], words.Share(share))
		case share.K > 0, i == 0 && first != results.UnknownFate:
			parts = append(parts, words.Share(share)+" "+fateVerbs[f])
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
			all := analysis.Pool(analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client && s.Strategy == strategy && s.Recorded() }))
			read := all.Fate(results.Read)
			if !read.Known() || read.K < read.N || all.Wire.Retransmitted == 0 {
				continue
			}
			names = append(names, strategy)
			retransmitted += all.Wire.Retransmitted
			if weakest.N == 0 || read.N < weakest.N {
				weakest = read
			}
		}
		if len(names) > 0 {
			smallest := ""
			if len(names) > 1 {
				smallest = "smallest "
			}
			found = append(found, fmt.Sprintf("With %s clients every answer was read under %s although %d packets of answers were retransmitted: 100%% (95%% CI %s–100, %sn=%d).",
				client, words.List(names), retransmitted, words.Percent(weakest.Low), smallest, weakest.N))
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
	return []string{fmt.Sprintf("The ledgers of wire, fleet and server disagree on %s of the connections.",
		words.Share(stats.NewShare(all.Agreement.Disagreed, all.Connections)))}
}
