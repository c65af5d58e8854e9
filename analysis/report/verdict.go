package report

import (
	"fmt"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
)

// pageVerdict is the head of the page: what is lost, to whom, what to set.
type pageVerdict struct {
	Busy  string // says that the machine was busy; empty where it was not
	Tiers []pageTier
	Set   []string
	Open  string // what the run cannot tell, and what would
}

// pageTier is the strategies with one judgement.
type pageTier struct {
	Class, Mark string
	Names, Says string
	Lines       []string // one for each of the first strategies that lose
	More        int      // the number of further strategies
}

// maxTierLines is the most strategies of a tier that have a line.
const maxTierLines = 3

// tierMarks are the class and the sign of each tier.
var tierMarks = map[verdict.Tier]struct{ class, mark string }{
	verdict.NearlyAllLost: {"lost", "✗"}, verdict.SomeLost: {"some", "!"}, verdict.Open: {"open", "?"}, verdict.NoneLost: {"none", "✓"},
}

// verdictSection lays out a verdict; nil where nothing was judged.
func verdictSection(v *verdict.Verdict, m *results.Manifest) *pageVerdict {
	if len(v.Strategies) == 0 {
		return nil
	}
	p := &pageVerdict{Open: openWords(v), Set: adviceWords(v, nounOf(m))}
	if v.Machine.Busy() {
		p.Busy = fmt.Sprintf("The machine was busy: other work took %s%% of its CPU time. The figures describe that load too.", words.PercentWith(v.Machine.Taken, 0))
	}
	for _, tier := range []verdict.Tier{verdict.NearlyAllLost, verdict.SomeLost, verdict.Open, verdict.NoneLost} {
		of := v.OfTier(tier)
		if len(of) == 0 {
			continue
		}
		t := pageTier{Class: tierMarks[tier].class, Mark: tierMarks[tier].mark, Says: tier.Says(len(of))}
		var names []string
		for _, s := range of {
			names = append(names, s.Name)
		}
		t.Names = words.List(names)
		if tier != verdict.NoneLost {
			for _, s := range of[:min(len(of), maxTierLines)] {
				t.Lines = append(t.Lines, strategyWords(s, v.Target))
			}
			t.More = len(of) - len(t.Lines)
		}
		p.Tiers = append(p.Tiers, t)
	}
	return p
}

// strategyWords says where a strategy loses: its worst condition, and how many lose.
func strategyWords(s verdict.Strategy, target float64) string {
	text := fmt.Sprintf("%s: as low as %s at %s", s.Name, shareWords(s.Worst), s.Worst.Phrases("strategy"))
	if n := s.Counts.Loses; n > 0 {
		text += fmt.Sprintf("; delivers less than %s%% at %d of %s", words.PercentWith(target, 0), n, words.Plural(s.Counts.Total(), "condition"))
	} else if n := s.Counts.Lossy; n > 0 {
		text += fmt.Sprintf("; some answers were lost at %d of %s", n, words.Plural(s.Counts.Total(), "condition"))
	}
	for _, a := range s.Axes {
		if len(a.Lost) > 0 && len(a.Spared) > 0 {
			text += fmt.Sprintf("; %s: lost at %s, not at %s", strings.ToLower(a.Coordinate.Label), firstOf(a.Lost), firstOf(a.Spared))
		}
	}
	return text + "."
}

// firstOf lists the first of many values and counts the others.
func firstOf(values []string) string {
	const most = 4
	if len(values) <= most {
		return words.List(values)
	}
	return strings.Join(values[:most], ", ") + fmt.Sprintf(" and %d more", len(values)-most)
}

// reasonWords say why a step of the advice left what it left.
var reasonWords = map[verdict.ReasonKind]verdict.Predicate{
	verdict.ByDelivery: {Many: "deliver", One: "delivers", Rest: "at every condition measured"},
	verdict.ByHostile:  {Many: "can", One: "can", Rest: "be held by a hostile client for the shortest time"},
	verdict.ByHold:     {Many: "hold", One: "holds", Rest: "a connection for measurably less time"},
	verdict.ByCPU:      {Many: "take", One: "takes", Rest: "measurably less CPU time"},
}

// adviceWords says what to set and why.
func adviceWords(v *verdict.Verdict, noun string) []string {
	a := v.Advice
	if a.Strategy == "" {
		if len(v.Strategies) < 2 {
			return nil
		}
		var lossless []string
		for _, s := range v.Strategies {
			if s.Counts.Lossy == 0 {
				lossless = append(lossless, s.Name)
			}
		}
		if len(lossless) == 0 {
			return []string{fmt.Sprintf("Every %s measured here lost answers at some conditions, so none is recommended.", noun)}
		}
		return []string{
			fmt.Sprintf("No %s is shown to deliver at every condition, so none is recommended yet.", noun),
			fmt.Sprintf("No answer was lost under %s. More rounds or attempts would show whether another run loses some.", words.List(lossless)),
		}
	}
	lines := []string{"Set " + a.Strategy + "."}
	if len(a.Tied) > 0 {
		lines[0] = fmt.Sprintf("Set %s. As good by every reason: %s.", a.Strategy, words.List(a.Tied))
	}
	for _, r := range a.Reasons {
		lines = append(lines, fmt.Sprintf("%s %s; ruled out: %s.", words.List(r.Left), reasonWords[r.Kind].Of(len(r.Left)), firstOf(r.RuledOut)))
	}
	if len(a.Unless) > 0 {
		lines = append(lines, fmt.Sprintf("Undecided at some conditions, and cheaper if more rounds show that they deliver: %s.", words.List(a.Unless)))
	}
	return lines
}

// nounOf says what a run compares.
func nounOf(m *results.Manifest) string {
	if len(m.Servers) > 0 {
		return "server"
	}
	return "strategy"
}

// openWords says what the run cannot tell.
func openWords(v *verdict.Verdict) string {
	if v.NoInterval != "" {
		return v.NoInterval
	}
	if n := v.Counts.Undecided; n > 0 {
		return fmt.Sprintf("%d of %s are undecided: their intervals hold the target of %s%%. More rounds or attempts would decide them.", n, words.Plural(v.Counts.Total(), "condition"), words.Percent(v.Target))
	}
	return ""
}
