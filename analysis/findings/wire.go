package findings

import (
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// findFates says, for each kind of client, where the answers that were not
// read were lost: strategies of which most were lost in the same place share a
// sentence, and where the intervals do not tell, the sentence says that.
func findFates(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client && s.Recorded() })
		groups := map[results.Fate][]string{}
		for _, strategy := range analysis.NamesOf(of, analysis.StrategyOf) {
			all := analysis.Pool(analysis.Where(of, func(s *analysis.Summary) bool { return s.Strategy == strategy }))
			if all.LostAs(results.ArrivedNotRead).N > 0 {
				fate := mostly(all)
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

// mostly is the fate of surely more than half of the lost answers; UnknownFate
// without one.
func mostly(s *analysis.Summary) results.Fate {
	for _, f := range []results.Fate{results.ArrivedNotRead, results.LostOnPath, results.NeverSent} {
		if s.LostAs(f).Low > 0.5 {
			return f
		}
	}
	return results.UnknownFate
}

// fateVerbs end "of the n answers lost, p%".
var fateVerbs = map[results.Fate]string{
	results.ArrivedNotRead: "had arrived whole in the client's kernel and were not read by its code",
	results.LostOnPath:     "were lost on the path",
	results.NeverSent:      "never left the server whole",
	results.UnknownFate:    "cannot be explained from the ledgers",
}

func fatePhrase(all *analysis.Summary, first results.Fate, strategies, client string) string {
	n := all.LostAs(first).N
	text := fmt.Sprintf("Of the answers lost under %s with %s clients ", strategies, client)
	order := []results.Fate{results.ArrivedNotRead, results.LostOnPath, results.NeverSent, results.UnknownFate}
	if first == results.UnknownFate {
		text = fmt.Sprintf("Where the answers under %s with %s clients were mostly lost cannot be told: ", strategies, client)
	} else {
		order = slices.DeleteFunc(order, func(f results.Fate) bool { return f == first })
		order = slices.Insert(order, 0, first)
	}
	var parts []string
	for i, f := range order {
		share := all.LostAs(f)
		switch {
		case share.K == n:
			return text + fmt.Sprintf("all %s, none was lost elsewhere: %s.", fateVerbs[f], words.Share(share))
		case share.K > 0, i == 0 && first != results.UnknownFate:
			parts = append(parts, words.Share(share)+" "+fateVerbs[f])
		}
	}
	return text + words.List(parts) + "."
}

// findRecovered names the strategies under which packets of answers had to be
// sent again and every answer was read all the same.
func findRecovered(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		var names []string
		var weakest stats.Share
		var again int64
		for _, strategy := range analysis.NamesOf(rejecting, analysis.StrategyOf) {
			all := analysis.Pool(analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client && s.Strategy == strategy && s.Recorded() }))
			read := all.Fate(results.Read)
			if !read.Known() || read.K < read.N || all.Wire.Retransmitted == 0 {
				continue
			}
			names = append(names, strategy)
			again += all.Wire.Retransmitted
			if weakest.N == 0 || read.N < weakest.N {
				weakest = read
			}
		}
		if len(names) > 0 {
			smallest := ""
			if len(names) > 1 {
				smallest = " where n is smallest"
			}
			found = append(found, fmt.Sprintf("With %s clients every answer was read under %s although %d packets with bytes of answers had to be sent again: 100%% (95%% CI %s–100%s, n=%d).",
				client, words.List(names), again, words.Percent(weakest.Low), smallest, weakest.N))
		}
	}
	return found
}

// findAgreement speaks only where the ledgers of valid cells do not fit together.
func findAgreement(rejecting []*analysis.Summary) []string {
	all := analysis.Pool(rejecting).Wire
	if all == nil || all.Agreement.Disagreed == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The ledgers of wire, fleet and server disagree on %s of the connections.",
		words.Share(stats.NewShare(all.Agreement.Disagreed, all.Connections)))}
}
