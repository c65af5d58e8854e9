package table

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// FateColumns are the columns of the fates of answers. Read, not read and lost on
// the path always have a column, the other fates only if they occur.
func FateColumns(witnessed []*analysis.Summary) []Column {
	columns := []Column{
		{"n", "", false, "rejections on the wire: what the shares are of", func(s *analysis.Summary) string { return strconv.FormatInt(s.Wire.Rejections, 10) }, wireCountField("wire_rejections", func(w *results.Wire) int64 { return w.Rejections })},
	}
	for _, f := range slices.Backward(results.Fates[:]) {
		rare := f.Fate == results.NeverSent || f.Fate == results.UnknownFate
		if rare && !analysis.Any(witnessed, func(s *analysis.Summary) bool { return s.Fate(f.Fate).K > 0 }) {
			continue
		}
		columns = append(columns, Column{f.Name, "% [95% interval]", false, f.Summary, func(s *analysis.Summary) string {
			share := s.Fate(f.Fate)
			if !share.Known() {
				return words.None
			}
			return shareCell(share) + " " + words.Interval(share)
		}, fateFields(f.Fate)})
	}
	for _, c := range []struct {
		head, unit, title string
		count             func(*results.Wire) int64
	}{
		{"after reset", "", "rejections whose answer reached the client when a reset had ended its connection", func(w *results.Wire) int64 { return w.ArrivedAfterReset }},
		{"retransmitted", "packets", "packets with bytes of a rejection's answer that had left before", func(w *results.Wire) int64 { return w.Retransmitted }},
	} {
		if analysis.Any(witnessed, func(s *analysis.Summary) bool { return c.count(s.Wire) > 0 }) {
			columns = append(columns, Column{c.head, c.unit, false, c.title, wireCount(c.count), wireCountField("wire_"+strings.ReplaceAll(c.head, " ", "_"), c.count)})
		}
	}
	return columns
}

// ResetColumns are the columns of the causes of resets, the times and bytes between
// answer and reset, and what the path did to packets.
func ResetColumns(witnessed []*analysis.Summary) []Column {
	columns := []Column{
		{"connections", "", false, "connections on the wire", wireCount(func(w *results.Wire) int64 { return w.Connections }), wireCountField("wire_connections", func(w *results.Wire) int64 { return w.Connections })},
	}
	for _, c := range results.ResetCauses {
		count := func(w *results.Wire) int64 { return w.Resets[c.Name] }
		if c.Cause != results.NoReset && !analysis.Any(witnessed, func(s *analysis.Summary) bool { return count(s.Wire) > 0 }) {
			continue
		}
		columns = append(columns, Column{c.Name, "", false, c.Summary, wireCount(count), wireCountField("reset_"+c.Name, count)})
	}
	reset := func(w *results.Wire) results.Percentiles { return w.AnswerToResetMs }
	answered := func(w *results.Wire) results.Percentiles { return w.BytesAfterAnswer }
	arrived := func(w *results.Wire) results.Percentiles { return w.BytesAfterArrival }
	bytes := func(v float64) string { return units.Size(int64(v)) }
	columns = append(columns,
		Column{"answer to reset", "p50, ms", false, "median time from the answer's first byte to the server's first reset, where that came later; the largest of any round", wireTime(reset, analysis.P50, units.Number), wireTimeField("answer_to_reset_p50_ms", reset, analysis.P50)},
		Column{"", "p99, ms", false, "99th percentile of the same", wireTime(reset, analysis.P99, units.Number), wireTimeField("answer_to_reset_p99_ms", reset, analysis.P99)},
		Column{"sent after answer", "p50", false, "median of what a rejected client sent after the answer had left the server; the largest of any round", wireTime(answered, analysis.P50, bytes), wireTimeField("sent_after_answer_p50_bytes", answered, analysis.P50)},
		Column{"", "p99", false, "99th percentile of the same", wireTime(answered, analysis.P99, bytes), wireTimeField("sent_after_answer_p99_bytes", answered, analysis.P99)},
		Column{"after arrival", "p50", false, "median of what a rejected client sent after the whole answer had reached it; the largest of any round", wireTime(arrived, analysis.P50, bytes), wireTimeField("sent_after_arrival_p50_bytes", arrived, analysis.P50)},
		Column{"", "p99", false, "99th percentile of the same", wireTime(arrived, analysis.P99, bytes), wireTimeField("sent_after_arrival_p99_bytes", arrived, analysis.P99)},
	)
	for _, c := range []struct {
		head, title string
		count       func(results.Path) int64
	}{
		{"dropped", "packets the path dropped on purpose", func(p results.Path) int64 { return p.Dropped }},
		{"of a queue", "of these, by a full queue", func(p results.Path) int64 { return p.QueueDrops }},
		{"of a fault", "of these, by a fault", func(p results.Path) int64 { return p.FaultDrops }},
		{"duplicated", "packets the path copied on purpose", func(p results.Path) int64 { return p.Duplicated }},
		{"reordered", "packets that overtook others on purpose", func(p results.Path) int64 { return p.Reordered }},
	} {
		if analysis.Any(witnessed, func(s *analysis.Summary) bool { return c.count(s.Path) > 0 }) {
			columns = append(columns, Column{c.head, "packets", false, c.title, func(s *analysis.Summary) string { return strconv.FormatInt(c.count(s.Path), 10) }, whole("path_"+strings.ReplaceAll(c.head, " ", "_"), func(s *analysis.Summary) int64 { return c.count(s.Path) })})
		}
	}
	return columns
}

// narrowFates are the columns of the two fates that a terminal has room for: not
// read, and lost on the path.
func narrowFates(summaries []*analysis.Summary) []Column {
	fate := func(f results.Fate) func(*analysis.Summary) string {
		return ifValid(func(s *analysis.Summary) string { return shareCell(s.Fate(f)) })
	}
	var columns []Column
	if analysis.Any(summaries, (*analysis.Summary).Recorded) {
		columns = append(columns, Column{"not", "read %", false, "rejections whose whole answer reached the client's kernel and was not read by its code", fate(results.ArrivedNotRead), fateFields(results.ArrivedNotRead)[:1]})
	}
	if analysis.Any(summaries, func(s *analysis.Summary) bool { return s.Fate(results.LostOnPath).K > 0 }) {
		columns = append(columns, Column{"path", "lost %", false, "rejections whose answer left the server whole, but part of it never reached the client", fate(results.LostOnPath), fateFields(results.LostOnPath)[:1]})
	}
	return columns
}

// fateFields are a fate's share and the bounds of its interval.
func fateFields(f results.Fate) []Field {
	of := func(s *analysis.Summary) stats.Share { return s.Fate(f) }
	return append(value("fate_"+f.String(), of), limits("fate_"+f.String(), of)...)
}

func wireCountField(key string, count func(*results.Wire) int64) []Field {
	return []Field{{key, func(s *analysis.Summary) any { return count(s.Wire) }}}
}

func wireTimeField(key string, of func(*results.Wire) results.Percentiles, pick func(results.Percentiles) float64) []Field {
	return []Field{{key, func(s *analysis.Summary) any { return OrNil(pick(of(s.Wire)), of(s.Wire).Count > 0) }}}
}

func wireCount(count func(*results.Wire) int64) func(*analysis.Summary) string {
	return func(s *analysis.Summary) string { return strconv.FormatInt(count(s.Wire), 10) }
}

func wireTime(of func(*results.Wire) results.Percentiles, pick func(results.Percentiles) float64, write func(float64) string) func(*analysis.Summary) string {
	return func(s *analysis.Summary) string {
		p := of(s.Wire)
		if p.Count == 0 {
			return words.None
		}
		return write(pick(p))
	}
}
