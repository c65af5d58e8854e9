package league

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Findings states which servers' rejections arrive, the costs and settings, which
// clients read them, and the limits of the comparison.
func (l *League) Findings() []string {
	return slices.Concat(l.findArrival(), l.findLosers(), l.findCPU(), l.findAnswerTime(), l.findSettings(),
		l.findClients(), l.findContested(), l.findLikeness(), l.caveats())
}

// weakest is the share with the fewest counted.
func weakest(shares []stats.Share) stats.Share {
	return slices.MinFunc(shares, func(a, b stats.Share) int { return cmp.Compare(a.N, b.N) })
}

// wholePhrase describes shares that are all 100% by the widest of their intervals.
func wholePhrase(shares []stats.Share) string {
	w := weakest(shares)
	if len(shares) == 1 {
		return words.Share(w)
	}
	return words.AllWhole(w)
}

// byLoss divides the servers into those that delivered all rejections and the
// others. The losers are sorted by delivered share, the smallest first.
func (l *League) byLoss() (complete, losers []string) {
	for _, server := range l.servers {
		switch d := analysis.Pool(l.of(server, "")).Delivered; {
		case !d.Known():
		case d.K == d.N:
			complete = append(complete, server)
		default:
			losers = append(losers, server)
		}
	}
	slices.SortStableFunc(losers, func(a, b string) int {
		return cmp.Compare(analysis.Pool(l.of(a, "")).Delivered.Value, analysis.Pool(l.of(b, "")).Delivered.Value)
	})
	return complete, losers
}

// findArrival names the servers that delivered every rejection to every client.
func (l *League) findArrival() []string {
	complete, losers := l.byLoss()
	if len(complete) == 0 {
		if len(losers) == 0 {
			return nil
		}
		return []string{fmt.Sprintf("None of %s delivered every rejection.", words.Plural(len(losers), "server setting"))}
	}
	var shares, single []stats.Share
	for _, server := range complete {
		shares = append(shares, analysis.Pool(l.of(server, "")).Delivered)
		for _, client := range analysis.NamesOf(l.of(server, ""), analysis.ClientOf) {
			single = append(single, analysis.Pool(l.of(server, client)).Delivered)
		}
	}
	who := l.labels(complete)
	subject := words.List(who)
	if len(losers) == 0 && len(who) > 1 {
		subject = fmt.Sprintf("all %d servers (%s)", len(who), words.List(who))
	}
	measured := "at every round trip and body"
	if l.missing(func(s *analysis.Summary) bool { return s == nil || !s.HasShare() }) {
		measured += " that has a valid cell"
	}
	text := fmt.Sprintf("Every rejection of %s reached all of %s, %s: %s", subject, words.Plural(len(l.clients), "client"), measured, wholePhrase(shares))
	if len(l.clients) > 1 {
		text += fmt.Sprintf("; for a single client, %s", wholePhrase(single))
	}
	return []string{text + "."}
}

// onset is the smallest body and round trip at which clients lost answers.
type onset struct {
	body    int64
	rttMs   float64
	clients []string
}

// findLosers says, for each server that lost answers, which clients lost them and
// from which body and round trip on.
func (l *League) findLosers() []string {
	_, losers := l.byLoss()
	var found []string
	for _, server := range losers {
		all := l.of(server, "")
		var onsets []onset
		var spared []string
		var whole []stats.Share
		for _, client := range l.clients {
			points := l.of(server, client)
			if len(points) == 0 {
				continue
			}
			lossy := analysis.Where(points, func(s *analysis.Summary) bool { return s.Delivered.K < s.Delivered.N })
			if len(lossy) == 0 {
				spared, whole = append(spared, client), append(whole, analysis.Pool(points).Delivered)
				continue
			}
			first := slices.MinFunc(lossy, func(a, b *analysis.Summary) int {
				return cmp.Or(cmp.Compare(a.BodyBytes, b.BodyBytes), cmp.Compare(a.RTTMs, b.RTTMs))
			})
			i := slices.IndexFunc(onsets, func(o onset) bool { return o.body == first.BodyBytes && o.rttMs == first.RTTMs })
			if i < 0 {
				i = len(onsets)
				onsets = append(onsets, onset{body: first.BodyBytes, rttMs: first.RTTMs})
			}
			onsets[i].clients = append(onsets[i].clients, client)
		}
		slices.SortStableFunc(onsets, func(a, b onset) int {
			return cmp.Or(cmp.Compare(a.body, b.body), cmp.Compare(a.rttMs, b.rttMs))
		})
		var from []string
		for _, o := range onsets {
			from = append(from, fmt.Sprintf("by %s from body %s, rtt %s ms", words.List(o.clients), units.Size(o.body), units.Number(o.rttMs)))
		}
		worst := slices.MinFunc(all, func(a, b *analysis.Summary) int { return cmp.Compare(a.Delivered.Value, b.Delivered.Value) })
		text := fmt.Sprintf("%s lost answers at %d of %s: %s. The fewest arrived at %s clients under %s: %s", l.label(server), countLossy(all), fields(all), strings.Join(from, "; "), worst.Client, conditionText(conditionOf(worst.Point)), words.Share(worst.Delivered))
		if len(spared) > 0 {
			who := words.List(spared)
			if len(spared) > words.MaxNamed {
				who = fmt.Sprintf("the other %d clients", len(spared))
			}
			text += fmt.Sprintf(". No answers were lost by %s: %s", who, wholePhrase(whole))
		}
		found = append(found, text+".")
	}
	return found
}

// countLossy counts the points that lost answers.
func countLossy(points []*analysis.Summary) int {
	return len(analysis.Where(points, func(s *analysis.Summary) bool { return s.Delivered.K < s.Delivered.N }))
}

// fields counts points, which are fields of the league.
func fields(points []*analysis.Summary) string {
	return words.Plural(len(points), "pair") + " of client and condition"
}

// findCPU compares the CPU time of a rejection between all servers, and names the
// cheapest that lost no answer.
func (l *League) findCPU() []string {
	type cost struct {
		server string
		us     float64
		n      int64
		whole  bool
	}
	var costs []cost
	complete, _ := l.byLoss()
	for _, server := range l.servers {
		if s := l.overall(server); s.CPUUs > 0 {
			costs = append(costs, cost{server, s.CPUUs, s.Rejected, slices.Contains(complete, server)})
		}
	}
	if len(costs) < 2 {
		return nil
	}
	slices.SortStableFunc(costs, func(a, b cost) int { return cmp.Compare(a.us, b.us) })
	say := func(c cost) string {
		return fmt.Sprintf("%s, %s us (n=%d)", l.label(c.server), units.Number(c.us), c.n)
	}
	text := fmt.Sprintf("A rejection took the least CPU time under %s, and the most under %s", say(costs[0]), say(costs[len(costs)-1]))
	if i := slices.IndexFunc(costs, func(c cost) bool { return c.whole }); i == 0 {
		text += ". The cheapest lost no answer"
	} else if i > 0 {
		text += fmt.Sprintf(". Of the servers that lost no answer, it took the least under %s", say(costs[i]))
	}
	return []string{text + ". CPU time includes reading the body where a server does."}
}

// findAnswerTime compares response times under the lightest and heaviest condition.
func (l *League) findAnswerTime() []string {
	client := l.referenceClient()
	var found []string
	for _, condition := range l.ends() {
		var timed []*analysis.Summary
		for _, server := range l.servers {
			if s := l.field(server, client, condition); s != nil && s.Valid() && s.Response.Count > 0 {
				timed = append(timed, s)
			}
		}
		if len(timed) < 2 {
			continue
		}
		slices.SortStableFunc(timed, func(a, b *analysis.Summary) int { return cmp.Compare(a.Response.P50, b.Response.P50) })
		say := func(s *analysis.Summary) string {
			return fmt.Sprintf("%s, p50 %s ms and p99 %s ms (n=%d)", l.label(s.Strategy), units.Number(s.Response.P50), units.Number(s.Response.P99), s.Response.Count)
		}
		found = append(found, fmt.Sprintf("At %s the answer reached %s clients soonest from %s, and latest from %s.",
			conditionText(condition), client, say(timed[0]), say(timed[len(timed)-1])))
	}
	return found
}

// findSettings compares the settings of one program, over the conditions common
// to both.
func (l *League) findSettings() []string {
	var found []string
	for i, a := range l.servers {
		for _, b := range l.servers[i+1:] {
			program := results.Program(a)
			if program != results.Program(b) {
				continue
			}
			same := analysis.SameConditionsFor(slices.Concat(l.of(a, ""), l.of(b, "")), analysis.StrategyOf, "strategy")
			if len(same) == 0 {
				continue
			}
			var better, worse int
			other := analysis.OfStrategy(same, b)
			for _, x := range analysis.OfStrategy(same, a) {
				for _, y := range analysis.Where(other, func(s *analysis.Summary) bool { return s.Conditions() == x.Conditions() }) {
					switch {
					case x.Delivered.Low > y.Delivered.High:
						better++
					case x.Delivered.High < y.Delivered.Low:
						worse++
					}
				}
			}
			verdict := "the setting decides"
			if better+worse == 0 {
				verdict = "no difference is measurable"
			}
			found = append(found, fmt.Sprintf("Two settings of %s %s: %s (%s) lost answers at %d of %s, and %s (%s) at %d. The first delivered measurably more at %d of them and measurably fewer at %d: %s.",
				program, l.version(a), a, l.setting(a), countLossy(analysis.OfStrategy(same, a)), fields(other), b, l.setting(b), countLossy(other), better, worse, verdict))
		}
	}
	return found
}

// clientStandings pools each client over the servers and conditions that were
// measured for all clients. The client with the largest share comes first.
func (l *League) clientStandings() []analysis.Standing {
	same := analysis.SameConditionsFor(analysis.Where(l.points, (*analysis.Summary).HasShare), analysis.ClientOf, "client", "concurrency")
	var all []analysis.Standing
	for _, client := range l.clients {
		parts := analysis.OfClient(same, client)
		if len(parts) > 0 {
			all = append(all, analysis.Standing{Summary: analysis.Pool(parts), Name: client, Parts: parts})
		}
	}
	slices.SortStableFunc(all, func(a, b analysis.Standing) int { return cmp.Compare(b.Delivered.Value, a.Delivered.Value) })
	return all
}

// findClients ranks the clients.
func (l *League) findClients() []string {
	all := l.clientStandings()
	if len(all) < 2 {
		return nil
	}
	var whole []string
	var shares []stats.Share
	var rest []string
	for _, s := range all {
		if s.Delivered.K == s.Delivered.N {
			whole, shares = append(whole, s.Name), append(shares, s.Delivered)
		} else {
			rest = append(rest, fmt.Sprintf("%s at %d of %d", s.Name, countLossy(s.Parts), len(s.Parts)))
		}
	}
	if len(rest) == 0 {
		return []string{fmt.Sprintf("Clients do not differ. Against the same servers and conditions %s read every answer: %s.", words.List(whole), wholePhrase(shares))}
	}
	text := "Against the same servers and conditions, "
	if len(whole) > 0 {
		text += fmt.Sprintf("%s read every answer, %s; ", words.List(whole), wholePhrase(shares))
	}
	return []string{text + "others lost some: " + strings.Join(rest, ", ") + " pairs of server and condition."}
}

// findContested counts the pairs of server and condition at which some clients read
// every answer and others did not, and at how many of them each client lost answers.
func (l *League) findContested() []string {
	read, lost := map[string]int{}, map[string]int{}
	var contested, fields int
	for _, server := range l.servers {
		for _, condition := range l.conditions {
			var whole, short []string
			for _, client := range l.clients {
				switch s := l.share(server, client, condition); {
				case !s.Known():
				case s.K == s.N:
					whole = append(whole, client)
				default:
					short = append(short, client)
				}
			}
			if len(whole)+len(short) > 1 {
				fields++
			}
			if len(whole) == 0 || len(short) == 0 {
				continue
			}
			contested++
			for _, c := range whole {
				read[c]++
			}
			for _, c := range short {
				lost[c]++
			}
		}
	}
	if contested == 0 {
		return nil
	}
	byReading := slices.Clone(l.clients)
	slices.SortStableFunc(byReading, func(a, b string) int {
		return cmp.Or(cmp.Compare(lost[a], lost[b]), cmp.Compare(read[b], read[a]))
	})
	var never, parts []string
	for _, c := range byReading {
		switch of := read[c] + lost[c]; {
		case of > 0 && lost[c] == 0:
			never = append(never, c)
		case of > 0:
			parts = append(parts, fmt.Sprintf("%s at %d of %d", c, lost[c], of))
		}
	}
	if len(never) > 0 {
		parts = append(parts, words.List(never)+" at none")
	}
	return []string{fmt.Sprintf("At %d of %s one client read every answer and another lost some (n is that of each field). Answers were lost there by %s.",
		contested, words.Plural(fields, "pair")+" of server and condition", strings.Join(parts, ", "))}
}

// findLikeness says which behaviour of the fleet predicts each library client.
func (l *League) findLikeness() []string {
	all := l.likenesses()
	if len(all) == 0 {
		return nil
	}
	var found []string
	for _, of := range []struct{ behaviour, client string }{{readsAfter, "python-http"}, {readsMeanwhile, "curl"}} {
		i := slices.IndexFunc(all, func(k likeness) bool { return k.client == of.client })
		if i < 0 {
			continue
		}
		p := all[i].after
		if of.behaviour == readsMeanwhile {
			p = all[i].meanwhile
		}
		text := fmt.Sprintf("%s predicts %s: their shares surely differ at none of %s", p.behaviour, p.client, words.Plural(p.fields, "field"))
		if !p.holds() {
			text = fmt.Sprintf("%s does not predict %s: their shares surely differ at %d of %s", p.behaviour, p.client, p.differ, words.Plural(p.fields, "field"))
		}
		low, high := p.theirs.DifferenceFrom(p.ours)
		sure := ""
		if apart(low, high) {
			sure = ", a measurable difference"
		}
		found = append(found, fmt.Sprintf("%s (Newcombe's intervals, Holm's correction over the fields, n=%d or more). Near one half, a difference of %s points can go unseen. Over all fields %s differs by %s points (95%% CI %s to %s)%s%s.",
			text, p.n, words.Points(p.unseen), p.client, words.Points(p.theirs.Value-p.ours.Value), words.Points(low), words.Points(high), sure, l.worstPhrase(p)))
	}
	verdicts := map[string][]string{}
	for _, k := range all {
		text := k.client
		switch k.verdict() {
		case likeBoth:
		case likeAfter:
			text += fmt.Sprintf(" (differs from %s at %d of %d)", readsMeanwhile, k.meanwhile.differ, k.meanwhile.fields)
		case likeMeanwhile:
			text += fmt.Sprintf(" (differs from %s at %d of %d)", readsAfter, k.after.differ, k.after.fields)
		default:
			text += fmt.Sprintf(" (differs from %s at %d of %d, from %s at %d of %d)",
				readsAfter, k.after.differ, k.after.fields, readsMeanwhile, k.meanwhile.differ, k.meanwhile.fields)
		}
		verdicts[k.verdict()] = append(verdicts[k.verdict()], text)
	}
	n, _ := coarsest(all)
	var parts []string
	for _, v := range []struct{ verdict, words string }{
		{likeAfter, "as " + readsAfter + ", not as " + readsMeanwhile}, {likeMeanwhile, "as " + readsMeanwhile + ", not as " + readsAfter},
		{nearsAfter, likeNeither + ", but nearer to " + readsAfter}, {nearsMeanwhile, likeNeither + ", but nearer to " + readsMeanwhile},
		{likeNeither, "as neither, and nearer to none"}, {likeBoth, "compatible with both"},
	} {
		if names := verdicts[v.verdict]; len(names) > 0 {
			parts = append(parts, v.words+": "+words.List(names))
		}
	}
	return append(found, fmt.Sprintf("How library clients read, by the fields at which their shares surely differ from those of the fleet's clients (n=%d or more a field): %s.", n, strings.Join(parts, "; ")))
}

// coarsest returns the smallest n of any compared share, and the largest difference
// that a field of any comparison can miss. There must be a likeness.
func coarsest(all []likeness) (n int64, unseen float64) {
	n = all[0].after.n
	for _, k := range all {
		n = min(n, k.after.n, k.meanwhile.n)
		unseen = max(unseen, k.after.unseen, k.meanwhile.unseen)
	}
	return n, unseen
}

// worstPhrase names the field with the largest difference from a prediction.
func (l *League) worstPhrase(p prediction) string {
	if p.worst == 0 {
		return ""
	}
	return fmt.Sprintf(". They differ most at %s under %s: %s by %s points (95%% CI %s to %s)",
		l.label(p.at.server), conditionText(p.at.condition), p.client, words.Points(p.worst), words.Points(p.low), words.Points(p.high))
}
