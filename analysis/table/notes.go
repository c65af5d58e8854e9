package table

import (
	"fmt"
	"io"
	"strconv"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
)

// notes is a list of what the table's figures do not hold.
type notes struct {
	Head  string
	Lines []string
}

func NotesOf(summaries []*analysis.Summary) []notes {
	return []notes{
		{"Invalid rounds, in no figure", invalidNotes(summaries)},
		{"Ledgers that disagree", ledgerNotes(summaries)},
		{"Connections of which wire, fleet and server do not say the same", wireNotes(summaries)},
		{"Warnings", warningNotes(summaries)},
	}
}

func writeNotes(w io.Writer, summaries []*analysis.Summary) {
	for _, n := range NotesOf(summaries) {
		if len(n.Lines) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", n.Head)
		for _, line := range n.Lines {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}

// invalidNotes has one line for each point and reason.
func invalidNotes(summaries []*analysis.Summary) []string {
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
			lines = append(lines, fmt.Sprintf("%s, %s (%s): %s", s.Point, noun+words.List(rounds[reason]), words.Plural(tries[reason], "try"), reason))
		}
	}
	return lines
}

func ledgerNotes(summaries []*analysis.Summary) []string {
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

func warningNotes(summaries []*analysis.Summary) []string {
	var lines []string
	for _, s := range summaries {
		for _, text := range s.Warnings {
			lines = append(lines, fmt.Sprintf("%s, %s", s.Point, text))
		}
	}
	return lines
}

func wireNotes(summaries []*analysis.Summary) []string {
	var lines []string
	for _, s := range summaries {
		for _, d := range s.Disagreements {
			lines = append(lines, fmt.Sprintf("%s, round %d, try %d: %s", s.Point, d.Round, d.Try, d))
		}
	}
	return lines
}
