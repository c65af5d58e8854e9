package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results/units"
)

// Topic is what a statement is about.
type Topic string

// The topics, in the order of Statements.
const (
	TopicMachine   Topic = "machine"   // the machine was busy, or rounds are invalid
	TopicLost      Topic = "lost"      // what is lost
	TopicWhom      Topic = "whom"      // at which clients, bodies, round trips and so on
	TopicDelivered Topic = "delivered" // what delivers everywhere
	TopicSet       Topic = "set"       // what to set, or why nothing can be advised
	TopicOpen      Topic = "open"      // what is undecided, and what would decide it
)

// Statement is a sentence of the headline.
type Statement struct {
	Topic Topic
	Text  string
}

// Statements returns the headline in sentences, at most nine. The intervals of the run
// support each of them.
func (v *Verdict) Statements() []Statement {
	var said []Statement
	say := func(topic Topic, text string) {
		if text != "" {
			said = append(said, Statement{topic, text})
		}
	}
	say(TopicMachine, v.busyText())
	say(TopicMachine, v.invalidText())
	say(TopicLost, v.seenText())
	say(TopicLost, v.lostText(NearlyAllLost))
	say(TopicLost, v.lostText(SomeLost))
	say(TopicWhom, v.whomText())
	say(TopicDelivered, v.deliveredText())
	say(TopicSet, v.adviceText())
	say(TopicOpen, v.openText())
	say(TopicOpen, v.NoInterval)
	return said
}

func (v *Verdict) busyText() string {
	m := v.Machine
	if !m.Busy() {
		return ""
	}
	return fmt.Sprintf("The machine was busy: other work took up to %s%% of the CPU time, and more than %s%% during %d of %s. Figures may describe that load.",
		units.Number(m.MostTaken*100), units.Number(busyShare*100), m.BusyCells, words.Plural(m.Measured, "cell"))
}

func (v *Verdict) invalidText() string {
	if v.Machine.Invalid == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s have no valid try and are in no figure.", v.Machine.Invalid, words.Plural(v.Machine.Rounds, "round"))
}

// points returns the points of all strategies.
func (v *Verdict) points() []*analysis.Summary {
	var all []*analysis.Summary
	for _, s := range v.Strategies {
		all = append(all, s.points...)
	}
	return all
}

// of returns the strategies of a tier.
func (v *Verdict) of(t Tier) []Strategy {
	return slices.DeleteFunc(slices.Clone(v.Strategies), func(s Strategy) bool { return s.Tier != t })
}

// seenText says what was lost where no share has an interval. It is about these attempts
// alone.
func (v *Verdict) seenText() string {
	c := v.Counts
	if v.NoInterval == "" || c.Total() == 0 || c.Undecided < c.Total() {
		return ""
	}
	var lost, whole []string
	for _, s := range v.Strategies {
		if s.Counts.Lossy == 0 {
			whole = append(whole, s.Name)
			continue
		}
		lost = append(lost, fmt.Sprintf("%s at %d of %s (as few as %s delivered)", s.Name, s.Counts.Lossy, words.Plural(s.Counts.Total(), "condition"), words.Share(s.Worst.Delivered)))
	}
	text := "Of these attempts no answer was lost"
	if len(lost) > 0 {
		text = "Of these attempts answers were lost under " + strings.Join(lost[:min(len(lost), words.MaxNamed)], "; ")
		if more := len(lost) - words.MaxNamed; more > 0 {
			text += fmt.Sprintf("; and under %d more", more)
		}
		if len(whole) > 0 {
			text += ". None were lost under " + some(whole)
		}
	}
	return text + "."
}

// lostText names the strategies of a tier that loses, and their worst conditions.
func (v *Verdict) lostText(t Tier) string {
	losing := v.of(t)
	if len(losing) == 0 {
		return ""
	}
	all := v.points()
	var parts []string
	for _, s := range losing[:min(len(losing), words.MaxNamed)] {
		text := fmt.Sprintf("%s at %d of %s, delivering as few as %s", s.Name, s.Counts.Loses, words.Plural(s.Counts.Total(), "condition"), words.Share(s.Worst.Delivered))
		if at := analysis.Place(s.Worst, all, "strategy"); at != "" {
			text += " (" + at + ")"
		}
		parts = append(parts, text)
	}
	if more := losing[len(parts):]; len(more) > 0 {
		names := make([]string, len(more))
		for i, s := range more {
			names[i] = fmt.Sprintf("%s at %d of %d", s.Name, s.Counts.Loses, s.Counts.Total())
		}
		parts = append(parts, "also "+words.List(names))
	}
	head := "Answers are lost: "
	if t == NearlyAllLost {
		head = "All or nearly all answers are lost at some conditions: "
	}
	return head + strings.Join(parts, "; ") + "."
}

// whomText says along which coordinates answers are lost.
func (v *Verdict) whomText() string {
	var parts []string
	for _, a := range v.Axes {
		if len(a.Lost) == 0 {
			continue
		}
		noun := strings.ToLower(a.Coordinate.Label)
		total := len(a.Lost) + len(a.Spared) + len(a.Undecided)
		text := fmt.Sprintf("%d of %d values of %s (%s)", len(a.Lost), total, noun, some(a.Lost))
		if len(a.Lost) == total {
			text = "every " + noun
		} else if len(a.Spared) > 0 {
			text += fmt.Sprintf(", not at %s", some(a.Spared))
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	return "They are lost at " + strings.Join(parts, "; at ") + "."
}

// some names the first few of several names, and counts the others.
func some(names []string) string {
	if len(names) <= words.MaxNamed+1 {
		return words.List(names)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:words.MaxNamed], ", "), len(names)-words.MaxNamed)
}

func namesIn(strategies []Strategy) []string {
	names := make([]string, len(strategies))
	for i, s := range strategies {
		names[i] = s.Name
	}
	return names
}

func (v *Verdict) target() string { return units.Number(v.Target*100) + "%" }

func (v *Verdict) deliveredText() string {
	delivering := v.of(NoneLost)
	if len(delivering) == 0 {
		return ""
	}
	verb := "deliver"
	if len(delivering) == 1 {
		verb = "delivers"
	}
	total := delivering[0].Counts.Total()
	at := fmt.Sprintf("at each of %s measured", words.Plural(total, "condition"))
	if slices.ContainsFunc(delivering, func(s Strategy) bool { return s.Counts.Total() != total }) {
		at = "at each condition measured"
	} else if total == 1 {
		at = "at the only condition measured"
	}
	return fmt.Sprintf("%s %s %s or more %s.", words.List(namesIn(delivering)), verb, v.target(), at)
}

// adviceText is the recommendation with its reasons in their order.
func (v *Verdict) adviceText() string {
	a := v.Advice
	if len(v.Strategies) < 2 {
		return ""
	}
	if a.Strategy == "" {
		if v.Counts.Delivers+v.Counts.Loses == 0 {
			return "" // openText says it
		}
		return fmt.Sprintf("None of %d can be advised: none surely delivers %s or more at every condition.", len(v.Strategies), v.target())
	}
	find := func(name string) Strategy {
		return v.Strategies[slices.IndexFunc(v.Strategies, func(s Strategy) bool { return s.Name == name })]
	}
	chosen := find(a.Strategy)
	reasons := []string{"it delivers at every condition"}
	for _, r := range a.Reasons[1:] {
		switch other := find(r.RuledOut[0]); r.Kind {
		case ByHostile:
			held := "a hostile client cannot hold a connection"
			if chosen.Hostile.LongestMs > 0 {
				held = fmt.Sprintf("a hostile client can hold a connection for at most %s s by its settings", units.Number(chosen.Hostile.LongestMs/1000))
			}
			if other.Hostile.Known {
				held += fmt.Sprintf(" (%s: %s s)", other.Name, units.Number(other.Hostile.LongestMs/1000))
			}
			reasons = append(reasons, held)
		case ByHold:
			reasons = append(reasons, fmt.Sprintf("it holds a connection for %s ms on average (%s: %s ms)", units.Number(chosen.HoldMs), other.Name, units.Number(other.HoldMs)))
		case ByCPU:
			reasons = append(reasons, fmt.Sprintf("it takes %s us of CPU time (%s: %s us)", units.Number(chosen.CPUUs), other.Name, units.Number(other.CPUUs)))
		}
	}
	text := fmt.Sprintf("Set %s: %s", a.Strategy, strings.Join(reasons, "; "))
	if len(a.Tied) > 0 {
		text += ". Nothing measured tells it from " + words.List(a.Tied)
	}
	if len(a.Unless) > 0 {
		text += fmt.Sprintf(". More rounds may show that %s would do better", words.List(a.Unless))
	}
	return text + "."
}

// openText counts the undecided conditions.
func (v *Verdict) openText() string {
	c := v.Counts
	switch {
	case c.Undecided == 0:
		return ""
	case v.NoInterval != "" && c.Undecided == c.Total():
		return "" // seenText and NoInterval say it
	}
	var parts []string
	for _, s := range v.Strategies {
		if s.Counts.Undecided > 0 {
			parts = append(parts, fmt.Sprintf("%s at %d", s.Name, s.Counts.Undecided))
		}
	}
	return fmt.Sprintf("Undecided whether %s arrives at %d of %s: %s. More rounds decide it.", v.target(), c.Undecided, words.Plural(c.Total(), "condition"), some(parts))
}
