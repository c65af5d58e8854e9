package analysis

import (
	"fmt"
	"io"
)

// notes is a list of what the table's figures do not hold.
type notes struct {
	head  string
	lines []string
}

func notesOf(summaries []*Summary) []notes {
	return []notes{
		{"invalid rounds, in no figure:", invalidNotes(summaries)},
		{"ledgers that disagree:", ledgerNotes(summaries)},
		{"warnings:", warningNotes(summaries)},
	}
}

func writeNotes(w io.Writer, summaries []*Summary) {
	for _, n := range notesOf(summaries) {
		if len(n.lines) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", n.head)
		for _, line := range n.lines {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}

func invalidNotes(summaries []*Summary) []string {
	var lines []string
	for _, s := range summaries {
		for _, r := range s.Invalid {
			lines = append(lines, fmt.Sprintf("%s, round %d (%s): %s", s.Point, r.Round, plural(r.Tries, "try"), r.Reason))
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
