package analysis

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
)

// notes is a list of what the table's figures do not hold.
type notes struct {
	head  string
	lines []string
}

func notesOf(summaries []*Summary) []notes {
	return []notes{
		{"Invalid rounds, in no figure", invalidNotes(summaries)},
		{"Ledgers that disagree", ledgerNotes(summaries)},
		{"Connections of which wire, fleet and server do not say the same", wireNotes(summaries)},
		{"Warnings", warningNotes(summaries)},
	}
}

func writeNotes(w io.Writer, summaries []*Summary) {
	for _, n := range notesOf(summaries) {
		if len(n.lines) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", n.head)
		for _, line := range n.lines {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}

// invalidNotes has one line for each point and reason.
func invalidNotes(summaries []*Summary) []string {
	var lines []string
	for _, s := range summaries {
		rounds := map[string][]string{}
		tries := map[string]int{}
		var reasons []string
		for _, r := range s.Invalid {
			if rounds[r.Reason] == nil {
				reasons = append(reasons, r.Reason)
			}
			rounds[r.Reason] = append(rounds[r.Reason], strconv.Itoa(r.Round))
			tries[r.Reason] += r.Tries
		}
		for _, reason := range reasons {
			noun := "round "
			if len(rounds[reason]) > 1 {
				noun = "rounds "
			}
			lines = append(lines, fmt.Sprintf("%s, %s (%s): %s", s.Point, noun+list(rounds[reason]), plural(tries[reason], "try"), reason))
		}
	}
	return lines
}

func ledgerNotes(summaries []*Summary) []string {
	var lines []string
	for _, s := range summaries {
		if l := s.Ledger; l.FleetOnly != 0 || l.ServerOnly != 0 {
			lines = append(lines, fmt.Sprintf("%s: %d matched, %d known to the fleet alone, %d known to the server alone",
				s.Point, l.Matched, l.FleetOnly, l.ServerOnly))
		}
		if n := s.Outcomes.Delivered(); n > s.Rejected && s.Rejected > 0 {
			lines = append(lines, fmt.Sprintf("%s: the fleet holds %d whole 503s, the server's ledger %d rejections", s.Point, n, s.Rejected))
		}
	}
	return lines
}

func warningNotes(summaries []*Summary) []string {
	var lines []string
	for _, s := range summaries {
		for _, text := range s.Warnings {
			lines = append(lines, fmt.Sprintf("%s, %s", s.Point, text))
		}
	}
	return lines
}

// maxDoubts is the number of connections a cell's note names; the record has more.
const maxDoubts = 3

func wireNotes(summaries []*Summary) []string {
	var lines []string
	for _, s := range summaries {
		for _, d := range s.Doubts {
			lines = append(lines, fmt.Sprintf("%s, round %d, try %d: %s", s.Point, d.Round, d.Try, d))
		}
	}
	return lines
}

// String says how far the ledgers agree, and what the first connections are of
// which they do not.
func (d Doubt) String() string {
	g := d.Agreement
	text := fmt.Sprintf("%d of %d connections disagree", g.Disagreed, g.Wire)
	if d.Missed > 0 {
		text += fmt.Sprintf(", and the path's record missed %d packets", d.Missed)
	}
	for _, c := range g.Disagreements[:min(len(g.Disagreements), maxDoubts)] {
		text += fmt.Sprintf("; port %d: %s (wire: %s; fleet: %s; server: %s)",
			c.ClientPort, c.What, cmp.Or(c.Wire, "nothing"), cmp.Or(c.Fleet, "nothing"), cmp.Or(c.Server, "nothing"))
	}
	if more := g.Disagreed - int64(maxDoubts); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
