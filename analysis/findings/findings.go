package findings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// enough is the delivered share that counts as good when costs are compared,
// and below which delivery counts as broken.
const (
	enough        = 0.99
	enoughPercent = "99%"
)

// Of says in plain sentences what a run shows. Every sentence is
// computed from the run's records and carries n and the 95% interval; what the
// intervals do not tell apart is called so, and what was not measured is not
// spoken of.
func Of(study *analysis.Study) []string {
	return append(findScenarios(study), findGrid(study)...)
}

func findGrid(study *analysis.Study) []string {
	run, summaries := study.Run, study.Summaries
	if len(summaries) == 0 {
		return []string{"The run has no cells on record."}
	}
	valid := analysis.Where(summaries, (*analysis.Summary).Valid)
	rejecting := analysis.Where(valid, func(s *analysis.Summary) bool { return s.Delivered.Known() && analysis.OutsideScenarios(s) })

	var found []string
	// Of a league's points, its own sentences say what these say of strategies.
	strategies := rejecting
	if l := league.New(&run.Manifest, summaries); l != nil {
		found = append(found, l.Findings()...)
		strategies = analysis.Where(rejecting, func(s *analysis.Summary) bool { return !league.Contains(&run.Manifest, s) })
	}
	found = append(found, findComplete(strategies)...)
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

// findComplete names, for each kind of client, the strategies that lost nothing.
func findComplete(rejecting []*analysis.Summary) []string {
	type group struct {
		clients, complete []string
		all               bool
		weakest           stats.Share
	}
	var groups []*group
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client })
		g := &group{clients: []string{client}}
		strategies := analysis.NamesOf(of, analysis.StrategyOf)
		for _, strategy := range strategies {
			share := analysis.Pool(analysis.Where(of, func(s *analysis.Summary) bool { return s.Strategy == strategy })).Delivered
			if share.K < share.N {
				continue
			}
			g.complete = append(g.complete, strategy)
			if g.weakest.N == 0 || share.N < g.weakest.N {
				g.weakest = share
			}
		}
		g.all = len(g.complete) == len(strategies)
		i := slices.IndexFunc(groups, func(o *group) bool { return o.all == g.all && slices.Equal(o.complete, g.complete) })
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
			under = fmt.Sprintf("every one of the %d strategies", len(g.complete))
		}
		measured := words.Share(g.weakest)
		if len(g.complete)*len(g.clients) > 1 {
			measured = fmt.Sprintf("100%% (95%% CI %s–100 where n is smallest, n=%d)", words.Percent(g.weakest.Low), g.weakest.N)
		}
		found = append(found, fmt.Sprintf("%s every 503 arrived under %s: %s.", who, under, measured))
	}
	return found
}

// findReading compares clients under the same strategies and conditions: when
// some got everything and others measurably did not, the way a client reads
// decides.
func findReading(rejecting []*analysis.Summary) []string {
	same := analysis.SameConditionsFor(rejecting, analysis.ClientOf, analysis.WithoutClient)
	var complete, losing []string
	var best stats.Share
	shares := map[string]stats.Share{}
	for _, client := range analysis.NamesOf(same, analysis.ClientOf) {
		share := analysis.Pool(analysis.Where(same, func(s *analysis.Summary) bool { return s.Client == client })).Delivered
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
	return []string{fmt.Sprintf("The client's way of reading decides: under the same strategies and conditions %s clients got every 503 (95%% CI %s–100, n=%d), but %s.",
		words.List(complete), words.Percent(best.Low), best.N, words.List(losing))}
}

// findLosses names, for each kind of client, the strategies that lost most,
// over the conditions measured for all of them.
func findLosses(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		ranked := analysis.Rank(analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Client == client }))
		if len(ranked) == 1 && ranked[0].Delivered.K < ranked[0].Delivered.N {
			found = append(found, fmt.Sprintf("With %s clients %s delivered %s of its 503s.", client, ranked[0].Strategy, words.Share(ranked[0].Delivered)))
			continue
		}
		ranked = slices.DeleteFunc(ranked, func(r analysis.Standing) bool { return r.Delivered.K == r.Delivered.N })
		if len(ranked) == 0 {
			continue
		}
		var parts []string
		for _, r := range ranked[:min(len(ranked), words.MaxNamed)] {
			parts = append(parts, r.Strategy+" "+words.Share(r.Delivered))
		}
		text := fmt.Sprintf("With %s clients fewest 503s arrived under %s", client, words.List(parts))
		if more := len(ranked) - words.MaxNamed; more > 0 {
			text += fmt.Sprintf("; then %s %s", ranked[words.MaxNamed].Strategy, words.Share(ranked[words.MaxNamed].Delivered))
			if more > 1 {
				text += fmt.Sprintf(" and %d more that lost some", more-1)
			}
		}
		text += "."
		if len(ranked) > 1 && ranked[0].Delivered.Overlaps(ranked[1].Delivered) {
			tied := []string{}
			for _, r := range ranked {
				if r.Delivered.Overlaps(ranked[0].Delivered) {
					tied = append(tied, r.Strategy)
				}
			}
			text += " By their intervals " + words.List(tied) + " cannot be told apart."
		}
		found = append(found, text)
	}
	return found
}

// findNeverRejected speaks of strategies whose server rejected nothing.
func findNeverRejected(valid []*analysis.Summary) []string {
	var found []string
	for _, strategy := range analysis.NamesOf(valid, analysis.StrategyOf) {
		all := analysis.Pool(analysis.Where(valid, func(s *analysis.Summary) bool { return s.Strategy == strategy }))
		if all.Rejected > 0 || all.Attempts == 0 {
			continue
		}
		var ends []string
		for _, l := range all.Losses() {
			ends = append(ends, l.Outcome.String()+" "+words.Share(l.Share))
		}
		text := fmt.Sprintf("Under %s the server rejected nobody (n=%d attempts)", strategy, all.Attempts)
		if len(ends) > 0 {
			text += "; attempts not admitted ended as " + words.List(ends)
		}
		found = append(found, text+".")
	}
	return found
}

// findValidity says what the figures leave out.
func findValidity(run *results.Run, summaries []*analysis.Summary) []string {
	var rounds, invalid, retries int
	var reasons []string
	for _, s := range summaries {
		rounds += s.Rounds
		invalid += len(s.Invalid)
		retries += s.Retries
		for _, r := range s.Invalid {
			reasons = append(reasons, r.Reason)
		}
	}
	var found []string
	if invalid == 0 {
		found = append(found, fmt.Sprintf("All %s were valid; %s.", words.Plural(rounds, "measured round"), words.Retried(retries)))
	} else {
		text := strings.Join(kinds(reasons), "; ")
		found = append(found, fmt.Sprintf("Left out of every figure, for want of a valid try: %d of %s (%s); %s.", invalid, words.Plural(rounds, "measured round"), text, words.Retried(retries)))
	}
	switch planned := run.Manifest.Planned; {
	case len(run.Manifest.Sources) > 1:
		// What was planned twice is on record once: the counts were added up.
		if run.Manifest.Interrupted {
			found = append(found, "One of the runs that were merged was not finished.")
		}
	case planned > rounds && !endedAsPlanned(run.Manifest):
		found = append(found, fmt.Sprintf("The run is not complete: %d of %s are on record.", rounds, words.Plural(planned, "planned round")))
	}
	return found
}

var figuresInReason = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// kinds counts reasons that differ in their figures only as one, for which
// the first of them stands.
func kinds(reasons []string) []string {
	count := map[string]int{}
	first := map[string]string{}
	var order []string
	for _, reason := range reasons {
		kind := figuresInReason.ReplaceAllString(reason, "#")
		if count[kind]++; count[kind] == 1 {
			first[kind] = reason
			order = append(order, kind)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return count[b] - count[a] })
	var texts []string
	for _, kind := range order[:min(len(order), words.MaxNamed)] {
		texts = append(texts, fmt.Sprintf("%d for %q", count[kind], first[kind]))
	}
	if more := len(order) - words.MaxNamed; more > 0 {
		texts = append(texts, words.Plural(more, "other reason"))
	}
	return texts
}
