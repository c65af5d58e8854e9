package analysis

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// enough is the delivered share that counts as good when costs are compared,
// and below which delivery counts as broken.
const (
	enough        = 0.99
	enoughPercent = "99%"
)

// shown is how many strategies a sentence names; it counts the rest.
const shown = 3

// Findings says in plain sentences what a run shows. Every sentence is
// computed from the run's records and carries n and the 95% interval; what the
// intervals do not tell apart is called so, and what was not measured is not
// spoken of.
func Findings(study *Study) []string {
	return append(findScenarios(study), findGrid(study)...)
}

func findGrid(study *Study) []string {
	run, summaries := study.Run, study.Summaries
	if len(summaries) == 0 {
		return []string{"The run has no cells on record."}
	}
	valid := where(summaries, (*Summary).Valid)
	rejecting := where(valid, func(s *Summary) bool { return s.Delivered.Known() && outsideScenarios(s) })

	var found []string
	// Of a league's points, its own sentences say what these say of strategies.
	strategies := rejecting
	if l := newLeague(&run.Manifest, summaries); l != nil {
		found = append(found, l.findings()...)
		strategies = where(rejecting, func(s *Summary) bool { return !inLeague(&run.Manifest, s) })
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
func findComplete(rejecting []*Summary) []string {
	type group struct {
		clients, complete []string
		all               bool
		weakest           Share
	}
	var groups []*group
	for _, client := range namesOf(rejecting, clientOf) {
		of := where(rejecting, func(s *Summary) bool { return s.Client == client })
		g := &group{clients: []string{client}}
		strategies := namesOf(of, strategyOf)
		for _, strategy := range strategies {
			share := pool(where(of, func(s *Summary) bool { return s.Strategy == strategy })).Delivered
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
		who := "With " + list(g.clients) + " clients"
		if len(g.complete) == 0 {
			continue // findLosses gives the figures
		}
		under := list(g.complete)
		if g.all && len(g.complete) > 1 {
			under = fmt.Sprintf("every one of the %d strategies", len(g.complete))
		}
		measured := sharePhrase(g.weakest)
		if len(g.complete)*len(g.clients) > 1 {
			measured = fmt.Sprintf("100%% (95%% CI %s–100 where n is smallest, n=%d)", percent(g.weakest.Low), g.weakest.N)
		}
		found = append(found, fmt.Sprintf("%s every 503 arrived under %s: %s.", who, under, measured))
	}
	return found
}

// findReading compares clients under the same strategies and conditions: when
// some got everything and others measurably did not, the way a client reads
// decides.
func findReading(rejecting []*Summary) []string {
	same := fair(rejecting, clientOf, withoutClient)
	var complete, losing []string
	var best Share
	shares := map[string]Share{}
	for _, client := range namesOf(same, clientOf) {
		share := pool(where(same, func(s *Summary) bool { return s.Client == client })).Delivered
		shares[client] = share
		if share.K == share.N && (best.N == 0 || share.N < best.N) {
			best = share
		}
	}
	for _, client := range namesOf(same, clientOf) {
		switch share := shares[client]; {
		case share.K == share.N:
			complete = append(complete, client)
		case best.Known() && !share.Overlaps(best):
			losing = append(losing, client+" "+sharePhrase(share))
		}
	}
	if len(complete) == 0 || len(losing) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The client's way of reading decides: under the same strategies and conditions %s clients got every 503 (95%% CI %s–100, n=%d), but %s.",
		list(complete), percent(best.Low), best.N, list(losing))}
}

// findLosses names, for each kind of client, the strategies that lost most,
// over the conditions measured for all of them.
func findLosses(rejecting []*Summary) []string {
	var found []string
	for _, client := range namesOf(rejecting, clientOf) {
		ranked := rank(where(rejecting, func(s *Summary) bool { return s.Client == client }))
		if len(ranked) == 1 && ranked[0].Delivered.K < ranked[0].Delivered.N {
			found = append(found, fmt.Sprintf("With %s clients %s delivered %s of its 503s.", client, ranked[0].strategy, sharePhrase(ranked[0].Delivered)))
			continue
		}
		ranked = slices.DeleteFunc(ranked, func(r standing) bool { return r.Delivered.K == r.Delivered.N })
		if len(ranked) == 0 {
			continue
		}
		var parts []string
		for _, r := range ranked[:min(len(ranked), shown)] {
			parts = append(parts, r.strategy+" "+sharePhrase(r.Delivered))
		}
		text := fmt.Sprintf("With %s clients fewest 503s arrived under %s", client, list(parts))
		if more := len(ranked) - shown; more > 0 {
			text += fmt.Sprintf("; then %s %s", ranked[shown].strategy, sharePhrase(ranked[shown].Delivered))
			if more > 1 {
				text += fmt.Sprintf(" and %d more that lost some", more-1)
			}
		}
		text += "."
		if len(ranked) > 1 && ranked[0].Delivered.Overlaps(ranked[1].Delivered) {
			tied := []string{}
			for _, r := range ranked {
				if r.Delivered.Overlaps(ranked[0].Delivered) {
					tied = append(tied, r.strategy)
				}
			}
			text += " By their intervals " + list(tied) + " cannot be told apart."
		}
		found = append(found, text)
	}
	return found
}

// standing is a strategy with its pooled figures.
type standing struct {
	*Summary
	strategy string
	parts    []*Summary
}

// rank pools each strategy over the conditions measured for all of them, the
// fewest delivered first. Where there is no such condition, strategies with the
// fewest points stay out until there is one.
func rank(summaries []*Summary) []standing {
	same := sameConditions(summaries)
	var ranked []standing
	for _, strategy := range namesOf(same, strategyOf) {
		parts := where(same, func(s *Summary) bool { return s.Strategy == strategy })
		ranked = append(ranked, standing{pool(parts), strategy, parts})
	}
	slices.SortStableFunc(ranked, func(a, b standing) int { return cmp.Compare(a.Delivered.Value, b.Delivered.Value) })
	return ranked
}

// sameConditions keeps the points under conditions measured for all strategies,
// leaving out those with the fewest points until there are such conditions.
func sameConditions(summaries []*Summary) []*Summary {
	same := fair(summaries, strategyOf, withoutStrategy)
	for len(same) == 0 && len(summaries) > 0 {
		points := map[string]int{}
		for _, s := range summaries {
			points[s.Strategy]++
		}
		least := slices.MinFunc(namesOf(summaries, strategyOf), func(a, b string) int { return cmp.Compare(points[a], points[b]) })
		summaries = where(summaries, func(s *Summary) bool { return s.Strategy != least })
		same = fair(summaries, strategyOf, withoutStrategy)
	}
	return same
}

// findNeverRejected speaks of strategies whose server rejected nothing.
func findNeverRejected(valid []*Summary) []string {
	var found []string
	for _, strategy := range namesOf(valid, strategyOf) {
		all := pool(where(valid, func(s *Summary) bool { return s.Strategy == strategy }))
		if all.Rejected > 0 || all.Attempts == 0 {
			continue
		}
		var ends []string
		for _, l := range all.Losses() {
			ends = append(ends, l.Outcome.String()+" "+sharePhrase(l.Share))
		}
		text := fmt.Sprintf("Under %s the server rejected nobody (n=%d attempts)", strategy, all.Attempts)
		if len(ends) > 0 {
			text += "; attempts not admitted ended as " + list(ends)
		}
		found = append(found, text+".")
	}
	return found
}

// findValidity says what the figures leave out.
func findValidity(run *results.Run, summaries []*Summary) []string {
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
		found = append(found, fmt.Sprintf("All %s were valid; %s.", plural(rounds, "measured round"), again(retries)))
	} else {
		text := strings.Join(kinds(reasons), "; ")
		found = append(found, fmt.Sprintf("Left out of every figure, for want of a valid try: %d of %s (%s); %s.", invalid, plural(rounds, "measured round"), text, again(retries)))
	}
	switch planned := run.Manifest.Planned; {
	case len(run.Manifest.Sources) > 1:
		// What was planned twice is on record once: the counts were added up.
		if run.Manifest.Interrupted {
			found = append(found, "One of the runs that were merged was not finished.")
		}
	case planned > rounds && !endedAsPlanned(run.Manifest):
		found = append(found, fmt.Sprintf("The run is not complete: %d of %s are on record.", rounds, plural(planned, "planned round")))
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
	for _, kind := range order[:min(len(order), shown)] {
		texts = append(texts, fmt.Sprintf("%d for %q", count[kind], first[kind]))
	}
	if more := len(order) - shown; more > 0 {
		texts = append(texts, plural(more, "other reason"))
	}
	return texts
}

func again(retries int) string {
	if retries == 1 {
		return "1 invalid try was run again"
	}
	return fmt.Sprintf("%d invalid tries were run again", retries)
}
