package findings

import (
	"cmp"
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

// Finding is a sentence on what a run shows.
type Finding struct {
	// Rank orders findings by importance, from 1, the most important.
	Rank int
	Text string
}

// Of returns the texts of Ranked.
func Of(study *analysis.Study, l *league.League, judged []reproduce.Result) []string {
	var texts []string
	for _, f := range Ranked(study, l, judged) {
		texts = append(texts, f.Text)
	}
	return texts
}

// Ranked returns what a run shows beside its headline, the most important first. What
// is lost and what to set is in package verdict, which has the only recommendation. A
// renderer that has room for a few takes the first.
//
// Every figure is of one condition, with its n and its 95% interval where it has one;
// of several conditions there are counts. There is no sentence about what was not
// measured. The league is nil where the run is none, and judged is empty where it has
// no scenarios.
func Ranked(study *analysis.Study, l *league.League, judged []reproduce.Result) []Finding {
	found := append(ranked(1, findScenarios(judged)), findGrid(study, l)...)
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Rank, b.Rank) })
	return found
}

func ranked(rank int, texts []string) []Finding {
	found := make([]Finding, len(texts))
	for i, text := range texts {
		found[i] = Finding{rank, text}
	}
	return found
}

func findGrid(study *analysis.Study, l *league.League) []Finding {
	run, summaries := study.Run, study.Summaries
	if len(summaries) == 0 {
		return []Finding{{1, "The run has no cells on record."}}
	}
	valid := analysis.Where(summaries, (*analysis.Summary).Valid)
	rejecting := analysis.Where(valid, func(s *analysis.Summary) bool { return s.Delivered.Known() && analysis.OutsideScenarios(s) })

	var found []Finding
	add := func(rank int, texts []string) { found = append(found, ranked(rank, texts)...) }
	// A league has its own sentences about its servers.
	strategies := rejecting
	if l != nil {
		add(2, l.Findings())
		strategies = analysis.Where(rejecting, func(s *analysis.Summary) bool { return !league.Contains(&run.Manifest, s) })
	}
	validity := findValidity(run, study.WithTwins())
	validityRank := 9
	if _, invalid, _ := analysis.CountRounds(study.WithTwins()); invalid > 0 {
		validityRank = 4
	}
	add(2, findReading(strategies))
	add(3, findLosses(strategies))
	add(4, findBreaks(strategies))
	add(4, findRTT(strategies))
	add(4, findNeverRejected(valid))
	add(5, findFates(rejecting))
	add(5, findConnections(rejecting))
	add(6, findNoise(run))
	add(6, findPlan(study))
	add(7, findComplete(strategies, analysis.Where(summaries, func(s *analysis.Summary) bool {
		if !analysis.OutsideScenarios(s) || l != nil && league.Contains(&run.Manifest, s) {
			return false
		}
		return !analysis.Any(valid, func(o *analysis.Summary) bool { return o.Client == s.Client && o.Strategy == s.Strategy })
	})))
	add(7, findTLS(rejecting))
	add(7, findUnread(rejecting))
	add(8, findRecovered(rejecting))
	add(8, findResets(rejecting))
	add(8, findAgreement(rejecting))
	add(validityRank, validity)
	return found
}

// ofAll formats a count over several conditions.
func ofAll(k, n int64) string { return fmt.Sprintf("%d of %d", k, n) }

// allWhole reports whether every point delivered every rejection, and the least certain
// of their shares.
func allWhole(points []*analysis.Summary) (weakest stats.Share, ok bool) {
	for _, s := range points {
		if s.Delivered.K < s.Delivered.N {
			return stats.Share{}, false
		}
		weakest = weaker(weakest, s.Delivered)
	}
	return weakest, len(points) > 0
}

// weaker returns the less certain of two shares that are 100%. The zero share is none.
func weaker(a, b stats.Share) stats.Share {
	if a.N == 0 || b.Low < a.Low || b.Low == a.Low && b.N < a.N {
		return b
	}
	return a
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
			if share, whole := allWhole(analysis.OfStrategy(of, strategy)); whole {
				g.complete = append(g.complete, strategy)
				g.weakest = weaker(g.weakest, share)
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
		groups[i].weakest = weaker(groups[i].weakest, g.weakest)
	}
	var found []string
	for _, g := range groups {
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
		found = append(found, fmt.Sprintf("With %s clients every 503 arrived under %s: at the least certain condition %s.", words.List(g.clients), under, words.Share(g.weakest)))
	}
	return found
}

// findReading compares clients under the same strategies and conditions. It
// returns nothing unless some clients got every 503 and others measurably fewer.
func findReading(rejecting []*analysis.Summary) []string {
	same := analysis.SameConditionsFor(rejecting, analysis.ClientOf, "client")
	var complete []string
	var weakest stats.Share
	best := map[results.Point]stats.Share{} // of complete clients
	for _, client := range analysis.NamesOf(same, analysis.ClientOf) {
		share, whole := allWhole(analysis.OfClient(same, client))
		if !whole {
			continue
		}
		complete = append(complete, client)
		weakest = weaker(weakest, share)
		for _, s := range analysis.OfClient(same, client) {
			at := s.Without("client")
			best[at] = weaker(best[at], s.Delivered)
		}
	}
	var losing []string
	for _, client := range analysis.NamesOf(same, analysis.ClientOf) {
		of := analysis.OfClient(same, client)
		fewer := analysis.Where(of, func(s *analysis.Summary) bool {
			share, compared := best[s.Without("client")]
			return compared && s.Delivered.High < share.Low
		})
		if len(fewer) > 0 {
			losing = append(losing, fmt.Sprintf("%s at %d of %s", client, len(fewer), words.Plural(len(of), "condition")))
		}
	}
	if len(complete) == 0 || len(losing) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The way a client reads decides. Under the same strategies and conditions %s clients got every 503 (at the least certain condition %s), and others measurably fewer: %s.",
		words.List(complete), words.Share(weakest), words.List(losing))}
}

// findLosses names, for each client, the strategies that lose answers, and the worst
// condition of each.
func findLosses(rejecting []*analysis.Summary) []string {
	var found []string
	for _, client := range analysis.NamesOf(rejecting, analysis.ClientOf) {
		of := analysis.OfClient(rejecting, client)
		var losing []*analysis.Summary // the worst condition of each strategy
		lossy := map[string]string{}
		for _, strategy := range analysis.NamesOf(of, analysis.StrategyOf) {
			points := analysis.OfStrategy(of, strategy)
			worst := slices.MinFunc(points, func(a, b *analysis.Summary) int { return cmp.Compare(a.Delivered.Value, b.Delivered.Value) })
			if lost := len(analysis.Where(points, func(s *analysis.Summary) bool { return s.Delivered.K < s.Delivered.N })); lost > 0 {
				losing = append(losing, worst)
				lossy[strategy] = fmt.Sprintf("at %d of %s", lost, words.Plural(len(points), "condition"))
			}
		}
		if len(losing) == 0 {
			continue
		}
		slices.SortStableFunc(losing, func(a, b *analysis.Summary) int { return cmp.Compare(a.Delivered.Value, b.Delivered.Value) })
		var parts []string
		for _, s := range losing[:min(len(losing), words.MaxNamed)] {
			text := fmt.Sprintf("%s %s, as few as %s", s.Strategy, lossy[s.Strategy], words.Share(s.Delivered))
			if at := analysis.Place(s, of, "strategy", "client"); at != "" {
				text += " at " + at
			}
			parts = append(parts, text)
		}
		text := fmt.Sprintf("With %s clients 503s were lost under %s", client, semicolons(parts))
		if more := len(losing) - words.MaxNamed; more > 0 {
			text += fmt.Sprintf("; and under %s", words.Plural(more, "other strategy"))
		}
		found = append(found, text+".")
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
			ends = append(ends, l.Outcome.String()+" ("+ofAll(l.Share.K, l.Share.N)+")")
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
