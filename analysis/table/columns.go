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
	for _, c := range figureColumns() {
		if c.where == nil || analysis.Any(summaries, c.where) {
			columns = append(columns, c.Column)
		}
	}
	return columns
}

// Legend returns the columns of figures that the text table can have. Title says what
// each shows.
func Legend() []Column {
	var columns []Column
	for _, c := range figureColumns() {
		columns = append(columns, c.Column)
	}
	return columns
}

// figureColumn is a column that the text table has if a point meets where, or always
// if where is nil.
type figureColumn struct {
	Column
	where func(*analysis.Summary) bool
}

func figureColumns() []figureColumn {
	admitted := func(s *analysis.Summary) bool { return s.Attempts != s.Rejected }
	overTLS := func(s *analysis.Summary) bool { return s.TLSEnds != nil }
	lostOnPath := func(s *analysis.Summary) bool { return s.Fate(results.LostOnPath).K > 0 }
	return []figureColumn{
		{count("attempts", "", "attempts made", "attempts", func(s *analysis.Summary) int64 { return s.Attempts }), admitted},
		{count("n", "", "rejections in the server's ledger: what the share is of", "rejected", func(s *analysis.Summary) int64 { return s.Rejected }), nil},
		{share("delivered", "%", "rejections whose whole 503 reached the client's code", "delivered_share", deliveredOf), nil},
		{interval("95% interval of the delivered share, from the rounds; none with fewer than three", "delivered", deliveredOf), nil},
		{share("+rst", "%", "rejections delivered whole, with a reset after it", "then_reset_share", func(s *analysis.Summary) stats.Share { return s.ThenReset }), nil},
		{share("unclosed", "%", "whole 503s over TLS whose stream ended without a close_notify, which a strict client takes for truncated", "unclosed_share", (*analysis.Summary).Unclosed), overTLS},
		{narrowFate("not", "read %", "rejections whose whole answer reached the client's kernel and was not read by its code", results.ArrivedNotRead), (*analysis.Summary).Recorded},
		{narrowFate("path", "lost %", "rejections whose answer left the server whole, but part of it never reached the client", results.LostOnPath), lostOnPath},
		{percentile("p50", "median time until the first byte of a delivered answer", "response_p50_ms", responseOf, analysis.P50), nil},
		{percentile("p99", "99th percentile of the same", "response_p99_ms", responseOf, analysis.P99), nil},
		{percentile("hold", "mean time from accept (with request > 1: from the rejected request) to close of a rejected connection", "hold_ms", holdOf, analysis.Mean), nil},
		{figure("cpu", "us", "server CPU time per rejection", "cpu_us", func(s *analysis.Summary) (float64, bool) { return s.CPUUs, s.CPUUs > 0 }, units.Number), nil},
		{counter("rst", "unread", "resets because close met unread data (TCPAbortOnClose)", results.AbortOnClose), nil},
		{counter("rst", "late", "resets because data came after close, or SO_LINGER was 0 (TCPAbortOnData)", results.AbortOnData), nil},
		{Column{"valid", "", false, "valid rounds of all; +n: invalid tries that a valid one replaced", validCell, []Field{
			{"valid_rounds", func(s *analysis.Summary) any { return int64(s.Cells) }},
			{"rounds", func(s *analysis.Summary) any { return int64(s.Rounds) }},
			{"retries", func(s *analysis.Summary) any { return int64(s.Retries) }},
		}}, nil},
		{Column{"lost as", "% of those not admitted", true, "outcomes without a whole answer", lossCell,
			[]Field{{"lost_as", func(s *analysis.Summary) any { return lossCell(s) }}}}, nil},
	}
}

// MoreColumns are the columns that only the report has room for.
func MoreColumns() []Column {
	unread := func(s *analysis.Summary) stats.Share { return s.Unread }
	end := func(s *analysis.Summary) results.Percentiles { return s.End }
	handshake := func(s *analysis.Summary) results.Percentiles { return s.HandshakeMs }
	late := func(s *analysis.Summary) results.Percentiles { return s.PathLateMs }
	return []Column{
		share("discard", "% of delivered", "delivered answers that a client system which discards received data on a reset would have lost too", "unread_share", unread),
		interval("interval of the share before", "unread", unread),
		timeInterval("p50", "95% interval of the median time to the answer, from the rounds", "response_p50", analysis.P50Interval),
		timeInterval("p99", "95% interval of the 99th percentile of the time to the answer, from the rounds", "response_p99", analysis.P99Interval),
		percentile("end p50", "median time until an attempt ended, whatever its outcome", "end_p50_ms", end, analysis.P50),
		percentile("end p99", "99th percentile of the same", "end_p99_ms", end, analysis.P99),
		percentile("hold p99", "99th percentile of the hold time: the largest of any round", "hold_p99_ms", holdOf, analysis.P99),
		figure("peak open", "", "connections open at once on the server, the largest of any round", "peak_open", func(s *analysis.Summary) (int64, bool) { return int64(s.PeakOpen), s.HasLedger() }, decimal),
		figure("drained", "", "bytes read from rejected connections", "bytes_drained", func(s *analysis.Summary) (int64, bool) { return s.BytesDrained, s.HasLedger() }, units.Size),
		percentile("handshake", "median round trip of the handshake, the largest of any round", "handshake_p50_ms", handshake, analysis.P50),
		percentile("path late p99", "how late the path released a packet, the largest of any round", "path_late_p99_ms", late, analysis.P99),
		counter("retrans", "", "segments the server sent again (RetransSegs)", "RetransSegs"),
	}
}

func deliveredOf(s *analysis.Summary) stats.Share { return s.Delivered }

func responseOf(s *analysis.Summary) results.Percentiles { return s.Response }

func holdOf(s *analysis.Summary) results.Percentiles { return s.HoldMs }

// figure returns a column of one figure, as text and as data. Both are missing for a
// point without a valid cell, and where of reports that there is no figure.
func figure[T any](head, unit, title, key string, of func(*analysis.Summary) (T, bool), write func(T) string) Column {
	return Column{head, unit, false, title,
		func(s *analysis.Summary) string {
			if v, known := of(s); known && s.Valid() {
				return write(v)
			}
			return words.None
		},
		[]Field{{key, func(s *analysis.Summary) any {
			v, known := of(s)
			return OrNil(v, known && s.Valid())
		}}}}
}

// count returns a column of a number that every valid point has.
func count(head, unit, title, key string, of func(*analysis.Summary) int64) Column {
	return figure(head, unit, title, key, func(s *analysis.Summary) (int64, bool) { return of(s), true }, decimal)
}

// share returns a column of a share: a percentage as text, 0 to 1 as data.
func share(head, unit, title, key string, of func(*analysis.Summary) stats.Share) Column {
	return figure(head, unit, title, key, func(s *analysis.Summary) (float64, bool) { return of(s).Value, of(s).Known() }, words.Percent)
}

// percentile returns a column of a percentile, or of the mean, in milliseconds.
func percentile(head, title, key string, of func(*analysis.Summary) results.Percentiles, pick func(results.Percentiles) float64) Column {
	return figure(head, "ms", title, key, func(s *analysis.Summary) (float64, bool) { return pick(of(s)), of(s).Count > 0 }, units.Number)
}

// counter returns a column of a kernel counter.
func counter(head, unit, title, name string) Column {
	return figure(head, unit, title, "tcp_"+name, func(s *analysis.Summary) (n int64, known bool) {
		n, known = s.TCP[name]
		return n, known
	}, decimal)
}

// interval returns a column of the 95% interval of a share.
func interval(title, stem string, of func(*analysis.Summary) stats.Share) Column {
	c := figure("95% interval", "%", title, "", func(s *analysis.Summary) (stats.Share, bool) { return of(s), of(s).HasInterval() }, words.Interval)
	c.Fields = bounds(stem, of)
	return c
}

// timeInterval returns a column of the 95% interval of a percentile of the time to an
// answer.
func timeInterval(head, title, stem string, pick func(analysis.Intervals) analysis.Interval) Column {
	of := func(s *analysis.Summary) analysis.Interval { return pick(s.ResponseIntervals()) }
	known := func(s *analysis.Summary) (analysis.Interval, bool) { return of(s), of(s).Known() && s.Valid() }
	c := figure(head+" interval", "ms", title, "", known, func(i analysis.Interval) string {
		return "[" + units.Number(i.Low) + ", " + units.Number(i.High) + "]"
	})
	c.Fields = TimeBounds(stem, of)
	return c
}

// TimeBounds returns the bounds of the interval of a time as data: STEM_low_ms and
// STEM_high_ms, nil without an interval.
func TimeBounds(stem string, of func(*analysis.Summary) analysis.Interval) []Field {
	return []Field{
		{stem + "_low_ms", func(s *analysis.Summary) any { return OrNil(of(s).Low, s.Valid() && of(s).Known()) }},
		{stem + "_high_ms", func(s *analysis.Summary) any { return OrNil(of(s).High, s.Valid() && of(s).Known()) }},
	}
}

// bounds returns the bounds of a share's 95% interval as data.
func bounds(stem string, of func(*analysis.Summary) stats.Share) []Field {
	return []Field{
		{stem + "_low", func(s *analysis.Summary) any { return OrNil(of(s).Low, s.Valid() && of(s).HasInterval()) }},
		{stem + "_high", func(s *analysis.Summary) any { return OrNil(of(s).High, s.Valid() && of(s).HasInterval()) }},
	}
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// OrNil returns v, or nil if it is not known.
func OrNil[T any](v T, known bool) any {
	if !known {
		return nil
	}
	return v
}

func validCell(s *analysis.Summary) string {
	text := fmt.Sprintf("%d/%d", s.Cells, s.Rounds)
	if s.Retries > 0 {
		text += fmt.Sprintf("+%d", s.Retries)
	}
	return text
}

// maxLosses is the number of outcomes that a line names. The others are added up.
const maxLosses = 3

func lossCell(s *analysis.Summary) string {
	if !s.Valid() {
		return words.None
	}
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
