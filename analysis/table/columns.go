package table

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Column is one column of a table of points.
type Column struct {
	Head, Unit string
	Left       bool   // names; numbers align right
	Title      string // what the column shows
	Cell       func(*analysis.Summary) string
	Fields     []Field // the same as data; rows sort by the first
}

// Field is one named value of a point.
type Field struct {
	Key string
	Of  func(*analysis.Summary) any // a string, int64 or float64; nil if there is none
}

// PointColumns are the columns of coordinates. A coordinate that is not always
// shown has a column only if a point sets it.
func PointColumns(summaries []*analysis.Summary) []Column {
	var columns []Column
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		if !c.Always && !analysis.Any(summaries, func(s *analysis.Summary) bool { return c.Set(&s.Point) }) {
			continue
		}
		unit := c.Unit
		if unit == results.UnitBytes {
			unit = "" // a size is written with its own
		}
		_, name := c.Value(&results.Point{}).(string)
		columns = append(columns, Column{c.Head, unit, name, c.Summary,
			func(s *analysis.Summary) string { return cmp.Or(c.Text(&s.Point), words.None) },
			[]Field{{c.JSON, func(s *analysis.Summary) any { return c.Value(&s.Point) }}}})
	}
	return columns
}

// Columns returns the columns of the text table that have something to show for
// these points.
func Columns(summaries []*analysis.Summary) []Column {
	columns := PointColumns(summaries)
	if analysis.Any(summaries, func(s *analysis.Summary) bool { return s.Attempts != s.Rejected }) {
		columns = append(columns, Column{"attempts", "", false, "attempts made", ifValid(func(s *analysis.Summary) string { return strconv.FormatInt(s.Attempts, 10) }), count("attempts", func(s *analysis.Summary) int64 { return s.Attempts })})
	}
	columns = append(columns,
		Column{"n", "", false, "rejections in the server's ledger: what the share is of", ifValid(func(s *analysis.Summary) string { return strconv.FormatInt(s.Rejected, 10) }), count("rejected", func(s *analysis.Summary) int64 { return s.Rejected })},
		Column{"delivered", "%", false, "rejections whose whole 503 reached the client's code", ifValid(func(s *analysis.Summary) string { return shareCell(s.Delivered) }), value("delivered_share", deliveredOf)},
		Column{"95% interval", "%", false, "Wilson interval of the delivered share", ifValid(intervalCell), limits("delivered", deliveredOf)},
		Column{"+rst", "%", false, "rejections delivered whole, with a reset after it", ifValid(func(s *analysis.Summary) string { return shareCell(s.ThenReset) }), value("then_reset_share", func(s *analysis.Summary) stats.Share { return s.ThenReset })},
	)
	if analysis.Any(summaries, func(s *analysis.Summary) bool { return s.TLSEnds != nil }) {
		columns = append(columns, Column{"unclosed", "%", false, "whole 503s over TLS whose stream ended without a close_notify, which a strict client takes for truncated", ifValid(func(s *analysis.Summary) string { return shareCell(s.Unclosed()) }), value("unclosed_share", (*analysis.Summary).Unclosed)})
	}
	columns = append(columns, narrowFates(summaries)...)
	return append(columns,
		Column{"p50", "ms", false, "median time until the first byte of a delivered answer", latencyCell(analysis.P50), timing("response_p50_ms", func(s *analysis.Summary) results.Percentiles { return s.Response }, analysis.P50)},
		Column{"p99", "ms", false, "99th percentile of the same", latencyCell(analysis.P99), timing("response_p99_ms", func(s *analysis.Summary) results.Percentiles { return s.Response }, analysis.P99)},
		Column{"hold", "ms", false, "mean time from accept to close of a rejected connection", ifValid(holdCell), timing("hold_ms", holdOf, analysis.Mean)},
		Column{"cpu", "us", false, "server CPU time a rejection", ifValid(cpuCell), []Field{{"cpu_us", func(s *analysis.Summary) any { return OrNil(s.CPUUs, s.Valid() && s.CPUUs > 0) }}}},
		Column{"rst", "unread", false, "resets because close met unread data (TCPAbortOnClose)", counterCell(results.AbortOnClose), counter(results.AbortOnClose)},
		Column{"rst", "late", false, "resets because data came after close, or SO_LINGER was 0 (TCPAbortOnData)", counterCell(results.AbortOnData), counter(results.AbortOnData)},
		Column{"valid", "", false, "valid rounds of all; +n: tries that were run again", validCell, []Field{
			{"valid_rounds", func(s *analysis.Summary) any { return int64(s.Cells) }},
			{"rounds", func(s *analysis.Summary) any { return int64(s.Rounds) }},
			{"retries", func(s *analysis.Summary) any { return int64(s.Retries) }},
		}},
		Column{"lost as", "% of those not admitted", true, "outcomes without a whole answer", ifValid(lossCell), named("lost_as", ifValid(lossCell))},
	)
}

// ifValid writes a dash for a point without a valid cell.
func ifValid(f func(*analysis.Summary) string) func(*analysis.Summary) string {
	return func(s *analysis.Summary) string {
		if !s.Valid() {
			return words.None
		}
		return f(s)
	}
}

func deliveredOf(s *analysis.Summary) stats.Share { return s.Delivered }

func holdOf(s *analysis.Summary) results.Percentiles { return s.HoldMs }

// OrNil returns v, or nil if it is not known.
func OrNil[T any](v T, known bool) any {
	if !known {
		return nil
	}
	return v
}

// named and whole return fields that every point has.
func named(key string, of func(*analysis.Summary) string) []Field {
	return []Field{{key, func(s *analysis.Summary) any { return of(s) }}}
}

func whole(key string, of func(*analysis.Summary) int64) []Field {
	return []Field{{key, func(s *analysis.Summary) any { return of(s) }}}
}

// count is a number that only a valid point has.
func count(key string, of func(*analysis.Summary) int64) []Field {
	return []Field{{key, func(s *analysis.Summary) any { return OrNil(of(s), s.Valid()) }}}
}

// value is a share, 0 to 1, and limits the bounds of its 95% interval.
func value(key string, of func(*analysis.Summary) stats.Share) []Field {
	return []Field{{key, func(s *analysis.Summary) any { return OrNil(of(s).Value, s.Valid() && of(s).Known()) }}}
}

func limits(stem string, of func(*analysis.Summary) stats.Share) []Field {
	return []Field{
		{stem + "_low", func(s *analysis.Summary) any { return OrNil(of(s).Low, s.Valid() && of(s).Known()) }},
		{stem + "_high", func(s *analysis.Summary) any { return OrNil(of(s).High, s.Valid() && of(s).Known()) }},
	}
}

func timing(key string, of func(*analysis.Summary) results.Percentiles, pick func(results.Percentiles) float64) []Field {
	return []Field{{key, func(s *analysis.Summary) any { return OrNil(pick(of(s)), s.Valid() && of(s).Count > 0) }}}
}

func counter(name string) []Field {
	return []Field{{"tcp_" + name, func(s *analysis.Summary) any {
		n, ok := s.TCP[name]
		return OrNil(n, s.Valid() && ok)
	}}}
}

func shareCell(s stats.Share) string {
	if !s.Known() {
		return words.None
	}
	return words.Percent(s.Value)
}

func intervalCell(s *analysis.Summary) string {
	if !s.Delivered.Known() {
		return words.None
	}
	return words.Interval(s.Delivered)
}

func latencyCell(pick func(results.Percentiles) float64) func(*analysis.Summary) string {
	return ifValid(func(s *analysis.Summary) string {
		if s.Response.Count == 0 {
			return words.None
		}
		return units.Number(pick(s.Response))
	})
}

func holdCell(s *analysis.Summary) string {
	if s.HoldMs.Count == 0 {
		return words.None
	}
	return units.Number(s.HoldMs.Mean)
}

func cpuCell(s *analysis.Summary) string {
	if s.CPUUs == 0 {
		return words.None
	}
	return units.Number(s.CPUUs)
}

func counterCell(name string) func(*analysis.Summary) string {
	return ifValid(func(s *analysis.Summary) string {
		n, ok := s.TCP[name]
		if !ok {
			return words.None
		}
		return strconv.FormatInt(n, 10)
	})
}

func validCell(s *analysis.Summary) string {
	text := fmt.Sprintf("%d/%d", s.Cells, s.Rounds)
	if s.Retries > 0 {
		text += fmt.Sprintf("+%d", s.Retries)
	}
	return text
}

// maxLosses is the number of outcomes that a line names. It adds up the rest.
const maxLosses = 3

func lossCell(s *analysis.Summary) string {
	var parts []string
	var rest stats.Share
	for i, l := range s.Losses() {
		if i < maxLosses {
			parts = append(parts, l.Outcome.String()+" "+words.Percent(l.Share.Value))
			continue
		}
		rest = stats.NewShare(rest.K+l.Share.K, l.Share.N)
	}
	if rest.K > 0 {
		parts = append(parts, "others "+words.Percent(rest.Value))
	}
	return strings.Join(parts, ", ")
}

// MoreColumns are the columns that only the report has room for.
func MoreColumns() []Column {
	unread := func(s *analysis.Summary) stats.Share { return s.Unread }
	end := func(s *analysis.Summary) results.Percentiles { return s.End }
	handshake := func(s *analysis.Summary) results.Percentiles { return s.HandshakeMs }
	late := func(s *analysis.Summary) results.Percentiles { return s.PathLateMs }
	return []Column{
		{"discard", "% of delivered", false, "delivered answers that a client system which discards received data on a reset would have lost too", ifValid(func(s *analysis.Summary) string { return shareCell(s.Unread) }), value("unread_share", unread)},
		{"95% interval", "%", false, "Wilson interval of the share before", ifValid(func(s *analysis.Summary) string {
			if !s.Unread.Known() {
				return words.None
			}
			return words.Interval(s.Unread)
		}), limits("unread", unread)},
		{"end p50", "ms", false, "median time until an attempt ended, whatever its outcome", percentileCell(end, analysis.P50), timing("end_p50_ms", end, analysis.P50)},
		{"end p99", "ms", false, "99th percentile of the same", percentileCell(end, analysis.P99), timing("end_p99_ms", end, analysis.P99)},
		{"hold p99", "ms", false, "99th percentile of the hold time: the largest of any round", percentileCell(holdOf, analysis.P99), timing("hold_p99_ms", holdOf, analysis.P99)},
		{"peak open", "", false, "connections open at once on the server, the largest of any round", ifValid(func(s *analysis.Summary) string { return strconv.Itoa(s.PeakOpen) }), count("peak_open", func(s *analysis.Summary) int64 { return int64(s.PeakOpen) })},
		{"drained", "", false, "bytes read from rejected connections", ifValid(func(s *analysis.Summary) string { return units.Size(s.BytesDrained) }), count("bytes_drained", func(s *analysis.Summary) int64 { return s.BytesDrained })},
		{"handshake", "ms", false, "median round trip of the handshake, the largest of any round", percentileCell(handshake, analysis.P50), timing("handshake_p50_ms", handshake, analysis.P50)},
		{"path late p99", "ms", false, "how late the path released a packet, the largest of any round", percentileCell(late, analysis.P99), timing("path_late_p99_ms", late, analysis.P99)},
		{"retrans", "", false, "segments the server sent again (RetransSegs)", counterCell("RetransSegs"), counter("RetransSegs")},
	}
}

func percentileCell(of func(*analysis.Summary) results.Percentiles, pick func(results.Percentiles) float64) func(*analysis.Summary) string {
	return ifValid(func(s *analysis.Summary) string {
		if of(s).Count == 0 {
			return words.None
		}
		return units.Number(pick(of(s)))
	})
}
