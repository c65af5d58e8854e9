package findings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// enough is the delivered share that counts as good when costs are compared,
// and below which delivery counts as broken.
const (
	enough        = 0.99
	enoughPercent = "99%"
)

// Of returns what a run shows, in sentences. Every share has its n and its 95%
// interval. Where intervals overlap, the sentence says so. There is no sentence
// about what was not measured. The league is nil where the run is none, and judged
// is empty where it has no scenarios.
func Of(study *analysis.Study, l *league.League, judged []reproduce.Result) []string {
	return append(findScenarios(judged), findGrid(study, l)...)
}

func findGrid(study *analysis.Study, l *league.League) []string {
	run, summaries := study.Run, study.Summaries
	if len(summaries) == 0 {
		return []string{"The run has no cells on record."}
	}
	valid := analysis.Where(summaries, (*analysis.Summary).Valid)
	rejecting := analysis.Where(valid, func(s *analysis.Summary) bool { return s.Delivered.Known() && analysis.OutsideScenarios(s) })

	var found []string
	// A league has its own sentences about its servers.
	strategies := rejecting
	if l != nil {
		found = append(found, l.Findings()...)
		strategies = analysis.Where(rejecting, func(s *analysis.Summary) bool { return !league.Contains(&run.Manifest, s) })
	}
	found = append(found, findComplete(strategies, analysis.Where(summaries, func(s *analysis.Summary) bool {
		if !analysis.OutsideScenarios(s) || l != nil && league.Contains(&run.Manifest, s) {
			return false
		}
		return !analysis.Any(valid, func(o *analysis.Summary) bool { return o.Client == s.Client && o.Strategy == s.Strategy })
	}))...)
	found = append(found, findReading(strategies)...)
	found = append(found, findLosses(strategies)...)
	found = append(found, findFates(rejecting)...)
	found = append(found, findRecovered(rejecting)...)
	found = append(found, findBreaks(strategies)...)
	found = append(found, findRTT(strategies)...)
	found = append(found, findCheapest(strategies)...)
	found = append(found, findFrontier(strategies)...)
	found = append(found, findConnections(rejecting)...)
	found = append(found, findTLS(rejecting)...)
	found = append(found, findUnread(rejecting)...)
	found = append(found, findResets(rejecting)...)
	found = append(found, findAgreement(rejecting)...)
	found = append(found, findNeverRejected(valid)...)
	found = append(found, findNoise(run)...)
	found = append(found, findPlan(study)...)
	found = append(found, findValidity(run, study.WithTwins())...)
	return found
}

// findComplete names, for each kind of client, the strategies that lost nothing. It
// counts those without a valid cell, whose points are in invalid.
func findComplete(rejecting, invalid []*analysis.Summary) []string {
	type group struct {
		clients, complete []string
		all               bool
		measured          int // strategies, those without a valid cell among them
		weakest           stats.Share
	}
	var groups []*group
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.OfClient(rejecting, client)
		g := &group{clients: []string{client}}
		strategies := analysis.NamesOf(of, analysis.StrategyOf)
		for _, strategy := range strategies {
			share := analysis.Pool(analysis.OfStrategy(of, strategy)).Delivered
			if share.K < share.N {
				continue
			}
			g.complete = append(g.complete, strategy)
			if g.weakest.N == 0 || share.N < g.weakest.N {
				g.weakest = share
			}
		}
		g.all = len(g.complete) == len(strategies)
		g.measured = len(analysis.NamesOf(slices.Concat(of, analysis.OfClient(invalid, client)), analysis.StrategyOf))
		i := slices.IndexFunc(groups, func(o *group) bool {
			return o.all == g.all && o.measured == g.measured && slices.Equal(o.complete, g.complete)
		})
		if i < 0 {
			groups = append(groups, g)
			continue
		}
		groups[i].clients = append(groups[i].clients, client)
		if g.weakest.N < groups[i].weakest.N {
			groups[i].weakest = g.weakest
		}
	}
	var found []string
	for _, g := range groups {
		who := "With " + words.List(g.clients) + " clients"
		if len(g.complete) == 0 {
			continue // findLosses gives the figures
		}
		under := words.List(g.complete)
		if g.all && len(g.complete) > 1 {
			under = fmt.Sprintf("all %d strategies", len(g.complete))
			if g.measured > len(g.complete) {
				under += fmt.Sprintf(" with a valid cell (%d of %d)", len(g.complete), g.measured)
			}
		}
		measured := words.Share(g.weakest)
		if len(g.complete)*len(g.clients) > 1 {
			measured = words.AllWhole(g.weakest)
		}
		found = append(found, fmt.Sprintf("%s every 503 arrived under %s: %s.", who, under, measured))
	}
	return found
}

// findReading compares clients under the same strategies and conditions. It
// returns nothing unless some clients got every 503 and others measurably fewer.
func findReading(rejecting []*analysis.Summary) []string {
	same := analysis.SameConditionsFor(rejecting, analysis.ClientOf, "client")
	var complete, losing []string
	var best stats.Share
	shares := map[string]stats.Share{}
	for _, client := range analysis.NamesOf(same, analysis.ClientOf) {
		share := analysis.Pool(analysis.OfClient(same, client)).Delivered
		shares[client] = share
		if share.K == share.N && (best.N == 0 || share.N < best.N) {
			best = share
		}
	}
	for _, client := range analysis.NamesOf(same, analysis.ClientOf) {
		switch share := shares[client]; {
		case share.K == share.N:
			complete = append(complete, client)
		case best.Known() && !share.Overlaps(best):
			losing = append(losing, client+" "+words.Share(share))
		}
	}
	if len(complete) == 0 || len(losing) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The way a client reads decides. Under the same strategies and conditions %s clients got every 503 (95%% CI %s–100, n=%d), and others fewer: %s.",
		words.List(complete), words.Percent(best.Low), best.N, words.List(losing))}
}

// findLosses names, for each client, the strategies that lost most, over the
// conditions measured for all strategies.
func findLosses(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		ranked := analysis.Rank(analysis.OfClient(rejecting, client))
		if len(ranked) == 1 && ranked[0].Delivered.K < ranked[0].Delivered.N {
			found = append(found, fmt.Sprintf("With %s clients %s delivered %s of its 503s.", client, ranked[0].Name, words.Share(ranked[0].Delivered)))
			continue
		}
		ranked = slices.DeleteFunc(ranked, func(r analysis.Standing) bool { return r.Delivered.K == r.Delivered.N })
		if len(ranked) == 0 {
			continue
		}
		var parts []string
		for _, r := range ranked[:min(len(ranked), words.MaxNamed)] {
			parts = append(parts, r.Name+" "+words.Share(r.Delivered))
		}
		text := fmt.Sprintf("With %s clients the fewest 503s arrived under %s", client, words.List(parts))
		if more := len(ranked) - words.MaxNamed; more > 0 {
			text += fmt.Sprintf(". Next is %s %s", ranked[words.MaxNamed].Name, words.Share(ranked[words.MaxNamed].Delivered))
			if more > 1 {
				text += fmt.Sprintf(", then %s that lost answers", words.Plural(more-1, "other"))
			}
		}
		text += "."
		if len(ranked) > 1 && ranked[0].Delivered.Overlaps(ranked[1].Delivered) {
			tied := []string{}
			for _, r := range ranked {
				if r.Delivered.Overlaps(ranked[0].Delivered) {
					tied = append(tied, r.Name)
				}
			}
			text += " The intervals of " + words.List(tied) + " overlap."
		}
		found = append(found, text)
	}
	return found
}

// findNeverRejected names the strategies whose server rejected nothing, and the
// outcomes of their attempts.
func findNeverRejected(valid []*analysis.Summary) []string {
	var found []string
	for _, strategy := range analysis.NamesOf(valid, analysis.StrategyOf) {
		all := analysis.Pool(analysis.OfStrategy(valid, strategy))
		if all.Rejected > 0 || all.Attempts == 0 {
			continue
		}
		var ends []string
		for _, l := range all.Losses() {
			ends = append(ends, l.Outcome.String()+" "+words.Share(l.Share))
		}
		text := fmt.Sprintf("Under %s the server rejected no connection (n=%d attempts)", strategy, all.Attempts)
		if len(ends) > 0 {
			text += ". Attempts not admitted ended as " + words.List(ends)
		}
		found = append(found, text+".")
	}
	return found
}

// findValidity counts the rounds without a valid try and those not measured.
func findValidity(run *results.Run, summaries []*analysis.Summary) []string {
	rounds, invalid, retries := analysis.CountRounds(summaries)
	var reasons []string
	for _, s := range summaries {
		for _, r := range s.Invalid {
			reasons = append(reasons, r.Reason)
		}
	}
	var found []string
	switch {
	case invalid == 0 && rounds == 1:
		found = append(found, fmt.Sprintf("The only measured round was valid; %s.", words.Retried(retries)))
	case invalid == 0:
		found = append(found, fmt.Sprintf("All %s were valid; %s.", words.Plural(rounds, "measured round"), words.Retried(retries)))
	default:
		text := strings.Join(groupReasons(reasons), "; ")
		found = append(found, fmt.Sprintf("No figure includes %d of %s without a valid try (%s); %s.", invalid, words.Plural(rounds, "measured round"), text, words.Retried(retries)))
	}
	switch planned := run.Manifest.Planned; {
	case len(run.Manifest.Sources) > 1:
		// Planned adds up the plans of all sources, but a round planned by two is on record once.
		if run.Manifest.Interrupted {
			found = append(found, "One of the merged runs was not finished.")
		}
	case planned > rounds && !endedAsPlanned(run.Manifest):
		found = append(found, fmt.Sprintf("The run is not complete: it has %d of %s.", rounds, words.Plural(planned, "planned round")))
	}
	return found
}

var numbers = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// groupReasons counts equal reasons, most frequent first. Reasons that differ only in
// their numbers count as equal, and the first of them is quoted.
func groupReasons(reasons []string) []string {
	count := map[string]int{}
	first := map[string]string{}
	var order []string
	for _, reason := range reasons {
		kind := numbers.ReplaceAllString(reason, "#")
		if count[kind]++; count[kind] == 1 {
			first[kind] = reason
			order = append(order, kind)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return count[b] - count[a] })
	var texts []string
	for _, kind := range order[:min(len(order), words.MaxNamed)] {
		texts = append(texts, fmt.Sprintf("%d: %q", count[kind], first[kind]))
	}
	if more := len(order) - words.MaxNamed; more > 0 {
		texts = append(texts, words.Plural(more, "other reason"))
	}
	return texts
}
