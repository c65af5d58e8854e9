package analysis

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// column is one column of the text table and of the report's.
type column struct {
	head, unit string
	left       bool   // names; numbers align right
	title      string // what the column holds, for a reader who asks
	cell       func(*Summary) string
	fields     []field // the same as data; the first is what rows are sorted by
}

// field is a figure of a point under a name of its own, as a program reads it.
type field struct {
	key string
	of  func(*Summary) any // a string, an int64, a float64, or nil where there is none
}

// none marks a figure that does not exist, as opposed to zero.
const none = "-"

// pointColumns are the columns that name a point. A coordinate that few sweeps
// use shows only where a point sets it.
func pointColumns(summaries []*Summary) []column {
	var columns []column
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		if !c.Always && !exist(summaries, func(s *Summary) bool { return c.Set(&s.Point) }) {
			continue
		}
		unit := c.Unit
		if unit == results.UnitBytes {
			unit = "" // a size is written with its own
		}
		_, name := c.Value(&results.Point{}).(string)
		columns = append(columns, column{c.Head, unit, name, c.Summary,
			func(s *Summary) string { return cmp.Or(c.Text(&s.Point), none) },
			[]field{{c.JSON, func(s *Summary) any { return c.Value(&s.Point) }}}})
	}
	return columns
}

// columnsFor returns the columns that say something about these points.
func columnsFor(summaries []*Summary) []column {
	columns := pointColumns(summaries)
	if exist(summaries, func(s *Summary) bool { return s.Attempts != s.Rejected }) {
		columns = append(columns, column{"attempts", "", false, "attempts made", ifValid(func(s *Summary) string { return strconv.FormatInt(s.Attempts, 10) }), count("attempts", func(s *Summary) int64 { return s.Attempts })})
	}
	columns = append(columns,
		column{"n", "", false, "rejections in the server's ledger: what the share is of", ifValid(func(s *Summary) string { return strconv.FormatInt(s.Rejected, 10) }), count("rejected", func(s *Summary) int64 { return s.Rejected })},
		column{"delivered", "%", false, "rejections whose whole 503 reached the client's code", ifValid(func(s *Summary) string { return shareCell(s.Delivered) }), value("delivered_share", deliveredOf)},
		column{"95% interval", "%", false, "Wilson interval of the delivered share", ifValid(intervalCell), limits("delivered", deliveredOf)},
		column{"+rst", "%", false, "rejections delivered whole, with a reset after it", ifValid(func(s *Summary) string { return shareCell(s.ThenReset) }), value("then_reset_share", func(s *Summary) Share { return s.ThenReset })},
	)
	if exist(summaries, func(s *Summary) bool { return s.TLSEnds != nil }) {
		columns = append(columns, column{"unclosed", "%", false, "whole 503s over TLS whose stream ended without a close_notify, which a strict client takes for truncated", ifValid(func(s *Summary) string { return shareCell(s.Unclosed()) }), value("unclosed_share", (*Summary).Unclosed)})
	}
	columns = append(columns, narrowFates(summaries)...)
	return append(columns,
		column{"p50", "ms", false, "median time until the first byte of a delivered answer", latencyCell(p50), timing("response_p50_ms", func(s *Summary) results.Percentiles { return s.Response }, p50)},
		column{"p99", "ms", false, "99th percentile of the same", latencyCell(p99), timing("response_p99_ms", func(s *Summary) results.Percentiles { return s.Response }, p99)},
		column{"hold", "ms", false, "mean time from accept to close of a rejected connection", ifValid(holdCell), timing("hold_ms", holdOf, mean)},
		column{"cpu", "us", false, "server CPU time a rejection", ifValid(cpuCell), []field{{"cpu_us", func(s *Summary) any { return orNil(s.CPUUs, s.Valid() && s.CPUUs > 0) }}}},
		column{"rst", "unread", false, "resets because close met unread data (TCPAbortOnClose)", counterCell(abortOnClose), counter(abortOnClose)},
		column{"rst", "late", false, "resets because data came after close, or SO_LINGER was 0 (TCPAbortOnData)", counterCell(abortOnData), counter(abortOnData)},
		column{"valid", "", false, "valid rounds of all; +n: tries that were run again", validCell, []field{
			{"valid_rounds", func(s *Summary) any { return int64(s.Cells) }},
			{"rounds", func(s *Summary) any { return int64(s.Rounds) }},
			{"retries", func(s *Summary) any { return int64(s.Retries) }},
		}},
		column{"lost as", "% of those not admitted", true, "outcomes without a whole answer", ifValid(lossCell), named("lost_as", ifValid(lossCell))},
	)
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

func deliveredOf(s *Summary) Share          { return s.Delivered }
func holdOf(s *Summary) results.Percentiles { return s.HoldMs }

func orNil[T any](v T, known bool) any {
	if !known {
		return nil
	}
	return v
}

// named, whole and quantity are fields that every point has.
func named(key string, of func(*Summary) string) []field {
	return []field{{key, func(s *Summary) any { return of(s) }}}
}

func whole(key string, of func(*Summary) int64) []field {
	return []field{{key, func(s *Summary) any { return of(s) }}}
}

func quantity(key string, of func(*Summary) float64) []field {
	return []field{{key, func(s *Summary) any { return of(s) }}}
}

// count is a number that only a valid point has.
func count(key string, of func(*Summary) int64) []field {
	return []field{{key, func(s *Summary) any { return orNil(of(s), s.Valid()) }}}
}

// value is a share, 0 to 1, and limits the bounds of its 95% interval.
func value(key string, of func(*Summary) Share) []field {
	return []field{{key, func(s *Summary) any { return orNil(of(s).Value, s.Valid() && of(s).Known()) }}}
}

func limits(stem string, of func(*Summary) Share) []field {
	return []field{
		{stem + "_low", func(s *Summary) any { return orNil(of(s).Low, s.Valid() && of(s).Known()) }},
		{stem + "_high", func(s *Summary) any { return orNil(of(s).High, s.Valid() && of(s).Known()) }},
	}
}

func timing(key string, of func(*Summary) results.Percentiles, pick func(results.Percentiles) float64) []field {
	return []field{{key, func(s *Summary) any { return orNil(pick(of(s)), s.Valid() && of(s).Count > 0) }}}
}

func counter(name string) []field {
	return []field{{"tcp_" + name, func(s *Summary) any {
		n, ok := s.TCP[name]
		return orNil(n, s.Valid() && ok)
	}}}
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
		return units.Number(pick(s.Response))
	})
}

func holdCell(s *Summary) string {
	if s.HoldMs.Count == 0 {
		return none
	}
	return units.Number(s.HoldMs.Mean)
}

func cpuCell(s *Summary) string {
	if s.CPUUs == 0 {
		return none
	}
	return units.Number(s.CPUUs)
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

// reportColumns are the columns that a terminal has no room for.
func reportColumns() []column {
	unread := func(s *Summary) Share { return s.Unread }
	end := func(s *Summary) results.Percentiles { return s.End }
	handshake := func(s *Summary) results.Percentiles { return s.HandshakeMs }
	late := func(s *Summary) results.Percentiles { return s.PathLateMs }
	return []column{
		{"discard", "% of delivered", false, "delivered answers that a client system which discards received data on a reset would have lost too", ifValid(func(s *Summary) string { return shareCell(s.Unread) }), value("unread_share", unread)},
		{"95% interval", "%", false, "Wilson interval of the share before", ifValid(func(s *Summary) string {
			if !s.Unread.Known() {
				return none
			}
			return interval(s.Unread)
		}), limits("unread", unread)},
		{"end p50", "ms", false, "median time until an attempt ended, whatever its outcome", percentileCell(end, p50), timing("end_p50_ms", end, p50)},
		{"end p99", "ms", false, "99th percentile of the same", percentileCell(end, p99), timing("end_p99_ms", end, p99)},
		{"hold p99", "ms", false, "99th percentile of the hold time: the largest of any round", percentileCell(holdOf, p99), timing("hold_p99_ms", holdOf, p99)},
		{"peak open", "", false, "connections open at once on the server, the largest of any round", ifValid(func(s *Summary) string { return strconv.Itoa(s.PeakOpen) }), count("peak_open", func(s *Summary) int64 { return int64(s.PeakOpen) })},
		{"drained", "", false, "bytes read from rejected connections", ifValid(func(s *Summary) string { return units.Size(s.BytesDrained) }), count("bytes_drained", func(s *Summary) int64 { return s.BytesDrained })},
		{"handshake", "ms", false, "median round trip of the handshake, the largest of any round", percentileCell(handshake, p50), timing("handshake_p50_ms", handshake, p50)},
		{"path late p99", "ms", false, "how late the path released a packet, the largest of any round", percentileCell(late, p99), timing("path_late_p99_ms", late, p99)},
		{"retrans", "", false, "segments the server sent again (RetransSegs)", counterCell("RetransSegs"), counter("RetransSegs")},
	}
}

func percentileCell(of func(*Summary) results.Percentiles, pick func(results.Percentiles) float64) func(*Summary) string {
	return ifValid(func(s *Summary) string {
		if of(s).Count == 0 {
			return none
		}
		return units.Number(pick(of(s)))
	})
}
