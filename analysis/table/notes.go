package table

import (
	"fmt"
	"io"
	"strconv"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
)

// Note is a headed list of what no figure includes or what the records contradict.
type Note struct {
	Head  string
	Lines []string
}

// Notes returns all notes about these points, also those without lines.
func Notes(summaries []*analysis.Summary) []Note {
	return []Note{
		{"Invalid rounds, in no figure", invalidNotes(summaries)},
		{"Ledgers that disagree", ledgerNotes(summaries)},
		{"Connections on which the records of wire, fleet and server disagree", wireNotes(summaries)},
		{"Shares without an interval", intervalNotes(summaries)},
		{"Warnings", warningNotes(summaries)},
	}
}

func writeNotes(w io.Writer, summaries []*analysis.Summary) {
	for _, n := range Notes(summaries) {
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

// intervalNotes says once what would give the shares without an interval one.
func intervalNotes(summaries []*analysis.Summary) []string {
	if text := analysis.MissingIntervals(summaries); text != "" {
		return []string{text}
	}
	return nil
}

func ledgerNotes(summaries []*analysis.Summary) []string {
	var lines []string
	for _, s := range summaries {
		if l := s.Ledger; l.FleetOnly != 0 || l.ServerOnly != 0 {
			lines = append(lines, fmt.Sprintf("%s: %d matched, %d only in the fleet's, %d only in the server's",
				s.Point, l.Matched, l.FleetOnly, l.ServerOnly))
		}
		if n := s.Outcomes.Delivered(); n > s.Rejected && s.Rejected > 0 {
			lines = append(lines, fmt.Sprintf("%s: the fleet received %d whole 503s, but the server's ledger has %d rejections", s.Point, n, s.Rejected))
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
