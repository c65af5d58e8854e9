package analysis

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/results"
)

// Table writes one line a point: the delivered share with its interval and n,
// what became of the rest, and what it cost. Below it stand the rounds without
// a valid try, with their reasons, and the ledgers that disagree.
func Table(w io.Writer, cells []results.Cell) error {
	summaries := Summarize(cells, nil)
	b := bufio.NewWriter(w)
	if len(summaries) == 0 {
		fmt.Fprintln(b, "no cells on record")
		return b.Flush()
	}
	columns := columnsFor(summaries)
	writeAligned(b, columns, summaries)
	writeNotes(b, summaries)
	return b.Flush()
}

// column is one column of the text table and of the report's.
type column struct {
	head, unit string
	left       bool   // names; numbers align right
	title      string // what the column holds, for a reader who asks
	cell       func(*Summary) string
}

// none marks a figure that does not exist, as opposed to zero.
const none = "-"

// columnsFor returns the columns that say something about these points. A
// coordinate that few sweeps use (loss, limit, rate) shows only where it is set.
func columnsFor(summaries []*Summary) []column {
	some := func(set func(*Summary) bool) bool {
		for _, s := range summaries {
			if set(s) {
				return true
			}
		}
		return false
	}
	columns := []column{
		{"strategy", "", true, "how the server rejects", func(s *Summary) string { return s.Strategy }},
		{"client", "", true, "how the client sends and reads", func(s *Summary) string { return s.Client }},
		{"rtt", "ms", false, "round trip that was asked for", func(s *Summary) string { return number(s.RTTMs) }},
		{"conc", "", false, "clients at once", func(s *Summary) string { return strconv.Itoa(s.Concurrency) }},
		{"body", "", false, "size of the request's body", func(s *Summary) string { return size(s.BodyBytes) }},
	}
	if some(func(s *Summary) bool { return s.Loss != 0 }) {
		columns = append(columns, column{"loss", "%", false, "packets lost on purpose, each way", func(s *Summary) string { return number(s.Loss * 100) }})
	}
	if some(func(s *Summary) bool { return s.Limit != 0 }) {
		columns = append(columns, column{"limit", "", false, "connections the server admits at once", func(s *Summary) string { return strconv.Itoa(s.Limit) }})
	}
	if some(func(s *Summary) bool { return s.Rate != 0 }) {
		columns = append(columns, column{"rate", "1/s", false, "attempts due a second; 0 is a closed loop", func(s *Summary) string { return number(s.Rate) }})
	}
	if some(func(s *Summary) bool { return s.Attempts != s.Rejected }) {
		columns = append(columns, column{"attempts", "", false, "attempts made", ifValid(func(s *Summary) string { return strconv.FormatInt(s.Attempts, 10) })})
	}
	columns = append(columns,
		column{"n", "", false, "rejections in the server's ledger: what the share is of", ifValid(func(s *Summary) string { return strconv.FormatInt(s.Rejected, 10) })},
		column{"delivered", "%", false, "rejections whose whole 503 reached the client's code", ifValid(func(s *Summary) string { return shareCell(s.Delivered) })},
		column{"95% interval", "%", false, "Wilson interval of the delivered share", ifValid(intervalCell)},
		column{"+rst", "%", false, "rejections delivered whole, with a reset after it", ifValid(func(s *Summary) string { return shareCell(s.ThenReset) })},
		column{"p50", "ms", false, "median time until the first byte of a delivered answer", latencyCell(func(p results.Percentiles) float64 { return p.P50 })},
		column{"p99", "ms", false, "99th percentile of the same", latencyCell(func(p results.Percentiles) float64 { return p.P99 })},
		column{"hold", "ms", false, "mean time from accept to close of a rejected connection", ifValid(holdCell)},
		column{"cpu", "us", false, "server CPU time a rejection", ifValid(cpuCell)},
		column{"rst", "unread", false, "resets because close met unread data (TCPAbortOnClose)", counterCell("TCPAbortOnClose")},
		column{"rst", "late", false, "resets because data came after close, or SO_LINGER was 0 (TCPAbortOnData)", counterCell("TCPAbortOnData")},
		column{"valid", "", false, "valid rounds of all; +n: tries that were run again", validCell},
		column{"lost as", "% of those not admitted", true, "outcomes without a whole answer", ifValid(lossCell)},
	)
	return columns
}

// ifValid leaves the cell empty for a point that measured nothing.
func ifValid(f func(*Summary) string) func(*Summary) string {
	return func(s *Summary) string {
		if !s.Valid() {
			return none
		}
		return f(s)
	}
}

func shareCell(s Share) string {
	if !s.Known() {
		return none
	}
	return percent(s.Value)
}

func intervalCell(s *Summary) string {
	if !s.Delivered.Known() {
		return none
	}
	return interval(s.Delivered)
}

func latencyCell(pick func(results.Percentiles) float64) func(*Summary) string {
	return ifValid(func(s *Summary) string {
		if s.Response.Count == 0 {
			return none
		}
		return number(pick(s.Response))
	})
}

func holdCell(s *Summary) string {
	if s.HoldMs.Count == 0 {
		return none
	}
	return number(s.HoldMs.Mean)
}

func cpuCell(s *Summary) string {
	if s.CPUUs == 0 {
		return none
	}
	return number(s.CPUUs)
}

func counterCell(name string) func(*Summary) string {
	return ifValid(func(s *Summary) string {
		n, ok := s.TCP[name]
		if !ok {
			return none
		}
		return strconv.FormatInt(n, 10)
	})
}

func validCell(s *Summary) string {
	text := fmt.Sprintf("%d/%d", s.Cells, s.Rounds)
	if s.Retries > 0 {
		text += fmt.Sprintf("+%d", s.Retries)
	}
	return text
}

// maxLosses is the number of outcomes a line names; the rest it adds up.
const maxLosses = 3

func lossCell(s *Summary) string {
	var parts []string
	var rest Share
	for i, l := range s.Losses() {
		if i < maxLosses {
			parts = append(parts, l.Outcome.String()+" "+percent(l.Share.Value))
			continue
		}
		rest = NewShare(rest.K+l.Share.K, l.Share.N)
	}
	if rest.K > 0 {
		parts = append(parts, "others "+percent(rest.Value))
	}
	return strings.Join(parts, ", ")
}

// writeAligned writes the head, the units and a line a point. An empty line
// parts the conditions, so that the eye compares strategies.
func writeAligned(w io.Writer, columns []column, summaries []*Summary) {
	rows := make([][]string, 0, len(summaries)+2)
	head, units := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		head[i], units[i] = c.head, c.unit
	}
	rows = append(rows, head, units)
	for _, s := range summaries {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = c.cell(s)
			if !s.Valid() && i == len(columns)-1 {
				row[i] = "INVALID, see below"
			}
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, text := range row[:len(row)-1] {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	several := manyStrategies(summaries)
	for r, row := range rows {
		if s := r - 2; several && s > 0 && summaries[s].conditions() != summaries[s-1].conditions() {
			fmt.Fprintln(w)
		}
		var line strings.Builder
		for i, text := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(text), 0))
			if columns[i].left {
				line.WriteString(text + pad)
			} else {
				line.WriteString(pad + text)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func manyStrategies(summaries []*Summary) bool {
	for _, s := range summaries {
		if s.Strategy != summaries[0].Strategy {
			return true
		}
	}
	return false
}

// writeNotes writes what the table's figures do not hold.
func writeNotes(w io.Writer, summaries []*Summary) {
	notes := []struct {
		head  string
		lines []string
	}{
		{"invalid rounds, not counted above:", invalidNotes(summaries)},
		{"ledgers that disagree:", ledgerNotes(summaries)},
		{"warnings:", warningNotes(summaries)},
	}
	for _, n := range notes {
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
