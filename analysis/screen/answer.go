package screen

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results/units"
)

// answerLines is the most lines of the answer.
const answerLines = 12

// labelWidth is the width of the labels in front of the answer's statements.
const labelWidth = len("Undecided  ")

// statement is a labelled sentence of the answer.
type statement struct{ label, text string }

// writeAnswer writes what is lost, to whom, and what to set. Its first line says
// whether the machine was busy.
func writeAnswer(w io.Writer, c Content, o Options) {
	noun := "strategy"
	if programs(&c.Study.Run.Manifest, c.Study.Grid()) {
		noun = "server"
	}
	lines := words.Wrap(headline(c, noun), o.Width, "")
	if o.Colour {
		for i, line := range lines {
			lines[i] = "\x1b[1m" + line + "\x1b[0m"
		}
	}
	statements := scenarioStatements(c.Scenarios)
	if len(c.Verdict.Strategies) > 0 {
		statements = append(statements, verdictStatements(c.Verdict, noun)...)
	}
	if n := c.Verdict.Machine.Invalid; n > 0 {
		statements = append(statements, statement{"Invalid", fmt.Sprintf("%d of %s, in no figure; --all shows why.", n, words.Plural(c.Verdict.Machine.Rounds, "measured round"))})
	}
	for _, s := range statements {
		for i, line := range words.Wrap(s.text, max(1, o.Width-labelWidth), "") {
			label := s.label
			if i > 0 {
				label = ""
			}
			lines = append(lines, label+strings.Repeat(" ", labelWidth-len(label))+line)
		}
	}
	if len(lines) > answerLines {
		lines = append(lines[:answerLines-1], "...")
	}
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
}

// headline says in a line whether the machine was busy, and how many strategies lose
// answers.
func headline(c Content, noun string) string {
	v := &c.Verdict
	text := machineText(c)
	if len(v.Strategies) == 0 {
		if len(c.Scenarios) > 0 {
			return text + fmt.Sprintf(" %s measured.", words.Plural(len(c.Scenarios), "scenario"))
		}
		return text + " No rejection was measured."
	}
	tier := map[verdict.Tier]int{}
	for _, s := range v.Strategies {
		tier[s.Tier]++
	}
	loses := tier[verdict.NearlyAllLost] + tier[verdict.SomeLost]
	all := words.Plural(len(v.Strategies), noun)
	switch {
	case len(v.Strategies) == 1:
		s := v.Strategies[0]
		says := s.Tier.Says(1) + "."
		switch {
		case s.Tier == verdict.Open && s.Counts.Lossy == 0:
			says = "lost nothing, which decides nothing yet."
		case s.Tier == verdict.Open:
			says = fmt.Sprintf("is undecided: it lost answers at %d of %s.", s.Counts.Lossy, words.Plural(s.Counts.Total(), "condition"))
		}
		return text + " " + s.Name + " " + says
	case loses == 0 && tier[verdict.Open] == 0:
		return text + fmt.Sprintf(" All %s deliver.", all)
	case loses == 0 && tier[verdict.NoneLost] == 0:
		lossy := len(lossyOf(v.Strategies))
		if lossy == 0 {
			return text + fmt.Sprintf(" %s lost nothing, which decides nothing yet.", all)
		}
		return text + fmt.Sprintf(" Of %s %d lost answers, which decides nothing yet.", all, lossy)
	}
	parts := []string{}
	for _, p := range []struct {
		n         int
		one, more string
	}{{loses, "loses answers", "lose answers"}, {tier[verdict.NoneLost], "delivers", "deliver"}, {tier[verdict.Open], "is undecided", "are undecided"}} {
		if p.n == 0 {
			continue
		}
		verb := p.more
		if p.n == 1 {
			verb = p.one
		}
		parts = append(parts, fmt.Sprintf("%d %s", p.n, verb))
	}
	return text + fmt.Sprintf(" Of %s %s.", all, words.List(parts))
}

// machineText says whether the machine was busy, or small.
func machineText(c Content) string {
	switch m := &c.Verdict.Machine; {
	case !m.Recorded:
		return "Load of the machine: not on record."
	case m.Busy():
		return fmt.Sprintf("BUSY MACHINE: other work took %s%% of its CPU time.", words.PercentWith(m.Taken, 0))
	case c.Study.Run.Manifest.Cores == 1:
		return "Quiet machine, of ONE CPU: the parts of a cell had to wait for each other."
	default:
		return "Quiet machine."
	}
}

// verdictStatements says what is lost, to whom, what to set, and what is undecided.
func verdictStatements(v verdict.Verdict, noun string) []statement {
	var said []statement
	lost := slices.DeleteFunc(slices.Clone(v.Strategies), func(s verdict.Strategy) bool { return s.Tier > verdict.SomeLost })
	for _, tier := range []verdict.Tier{verdict.NearlyAllLost, verdict.SomeLost} {
		of := v.OfTier(tier)
		if len(of) == 0 {
			continue
		}
		said = append(said, statement{"Lost", fmt.Sprintf("%s %s: as low as %s.", names(of), tier.Says(len(of)), worst(of))})
	}
	if text := whom(lost); text != "" {
		said = append(said, statement{"To whom", text})
	}
	said = append(said, setStatement(v, noun)...)
	return append(said, openStatements(v)...)
}

// lossyOf returns the strategies of which answers were seen to be lost.
func lossyOf(all []verdict.Strategy) []verdict.Strategy {
	return slices.DeleteFunc(slices.Clone(all), func(s verdict.Strategy) bool { return s.Counts.Lossy == 0 })
}

// maxNames is the number of names that a statement lists. It counts the rest.
const maxNames = 5

func names(of []verdict.Strategy) string {
	var all []string
	for _, s := range of {
		all = append(all, s.Name)
	}
	return listed(all)
}

func listed(all []string) string {
	if len(all) > maxNames {
		all = append(slices.Clone(all[:maxNames-1]), fmt.Sprintf("%d more", len(all)-maxNames+1))
	}
	return words.List(all)
}

// worst gives the lowest share of strategies, with its condition.
func worst(of []verdict.Strategy) string {
	low := slices.MinFunc(of, func(a, b verdict.Strategy) int {
		switch x, y := a.Worst.Delivered.Value, b.Worst.Delivered.Value; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	d := low.Worst.Delivered
	text := fmt.Sprintf("%d of %d delivered", d.K, d.N)
	if d.HasInterval() {
		text += fmt.Sprintf(", %s%% %s", words.Percent(d.Value), words.Interval(d))
	}
	var at []string
	if len(of) > 1 {
		at = append(at, low.Name)
	}
	for _, a := range low.Axes {
		at = append(at, a.Coordinate.Words(&low.Worst.Point))
	}
	if len(at) == 0 {
		return text
	}
	return text + " (" + strings.Join(at, ", ") + ")"
}

// whom says along which coordinates answers are lost by strategies: at which values at
// least one loses, and at which all deliver.
func whom(lost []verdict.Strategy) string {
	var parts []string
	if len(lost) == 0 {
		return ""
	}
	for i := range lost[0].Axes {
		var hit, clean []string
		spoilt := map[string]bool{} // lost or undecided by one of them
		for _, s := range lost {
			if i >= len(s.Axes) {
				continue
			}
			a := s.Axes[i]
			for _, value := range a.Lost {
				if !slices.Contains(hit, value) {
					hit = append(hit, value)
				}
				spoilt[value] = true
			}
			for _, value := range a.Undecided {
				spoilt[value] = true
			}
		}
		for _, s := range lost {
			for _, value := range s.Axes[i].Spared {
				if !spoilt[value] && !slices.Contains(clean, value) {
					clean = append(clean, value)
				}
			}
		}
		if len(hit) == 0 || len(clean) == 0 {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s, not %s", strings.ToLower(lost[0].Axes[i].Coordinate.Label), listed(hit), strings.ReplaceAll(listed(clean), " and ", " or ")))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + "."
}

// setStatement says what to set, and why.
func setStatement(v verdict.Verdict, noun string) []statement {
	if len(v.Strategies) < 2 {
		return nil
	}
	a := v.Advice
	if a.Strategy == "" {
		for _, s := range v.Strategies {
			if s.Counts.Loses+s.Counts.Delivers > 0 {
				return []statement{{"Set", fmt.Sprintf("no advice: no %s is known to deliver at every condition.", noun)}}
			}
		}
		return nil
	}
	text := a.Strategy
	if len(a.Tied) > 0 {
		text += " or " + strings.ReplaceAll(listed(a.Tied), " and ", " or ") + ", which nothing tells from it"
	}
	i := slices.IndexFunc(v.Strategies, func(s verdict.Strategy) bool { return s.Name == a.Strategy })
	chosen := v.Strategies[i]
	var reasons []string
	for _, r := range a.Reasons {
		switch r.Kind {
		case verdict.ByDelivery:
			if n := chosen.Counts.Total(); n == 1 {
				reasons = append(reasons, "delivers at the only condition measured")
			} else {
				reasons = append(reasons, fmt.Sprintf("delivers at all of %d conditions", n))
			}
		case verdict.ByHostile:
			reasons = append(reasons, fmt.Sprintf("a hostile client holds it shortest (%s)", hostile(chosen.Hostile)))
		case verdict.ByHold:
			reasons = append(reasons, fmt.Sprintf("holds connections for less time (mean %s ms)", units.Number(chosen.HoldMs)))
		case verdict.ByCPU:
			reasons = append(reasons, fmt.Sprintf("takes less CPU time (mean %s us)", units.Number(chosen.CPUUs)))
		}
	}
	if len(reasons) > 0 {
		text += ": " + strings.Join(reasons, "; ")
	}
	if len(a.Unless) > 0 {
		text += fmt.Sprintf(". More rounds may show that %s is better", strings.ReplaceAll(listed(a.Unless), " and ", " or "))
	}
	return []statement{{"Set", text + "."}}
}

func hostile(h verdict.Hold) string {
	if h.LongestMs == 0 {
		return "0 ms"
	}
	return units.Number(h.LongestMs) + " ms"
}

// openStatements says what is undecided, and what would decide it.
func openStatements(v verdict.Verdict) []statement {
	var said []statement
	open := v.OfTier(verdict.Open)
	if lossy := lossyOf(open); len(lossy) > 0 {
		said = append(said, statement{"Seen", fmt.Sprintf("%s lost answers in this run: as low as %s.", names(lossy), worst(lossy))})
	}
	switch {
	case v.NoInterval != "":
		said = append(said, statement{"Undecided", v.NoInterval})
	case v.Counts.Undecided > 0:
		said = append(said, statement{"Undecided", fmt.Sprintf("%d of %s: their intervals hold %s%%. More rounds would decide.", v.Counts.Undecided, words.Plural(v.Counts.Total(), "point"), words.PercentWith(v.Target, 0))})
	}
	if len(v.Missing) > 0 {
		said = append(said, statement{"Missing", listed(v.Missing) + ": no valid cell, or nothing was rejected."})
	}
	return said
}

// scenarioStatements counts the verdicts on scenarios.
func scenarioStatements(judged []reproduce.Result) []statement {
	var said []statement
	by := map[string][]string{}
	for _, r := range judged {
		by[r.Verdict] = append(by[r.Verdict], r.Name)
	}
	for _, term := range reproduce.Verdicts {
		if of := by[term.Name]; len(of) > 0 {
			said = append(said, statement{"Scenarios", fmt.Sprintf("%d %s: %s.", len(of), term.Name, listed(of))})
		}
	}
	return said
}
