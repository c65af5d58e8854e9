package table

import (
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// FateColumns are the columns of the fates of answers. Read, not read and lost on
// the path always have a column, the other fates only if they occur. Every point must
// have a record of the path.
func FateColumns(recorded []*analysis.Summary) []Column {
	columns := []Column{
		wireCount("n", "", "rejections on the wire: what the shares are of", "wire_rejections", func(w *results.Wire) int64 { return w.Rejections }),
	}
	for _, f := range slices.Backward(results.Fates[:]) {
		rare := f.Fate == results.NeverSent || f.Fate == results.UnknownFate
		if rare && !analysis.Any(recorded, func(s *analysis.Summary) bool { return s.Fate(f.Fate).K > 0 }) {
			continue
		}
		columns = append(columns, fateColumn(f.Name, "% [95% interval]", f.Summary, f.Fate, func(share stats.Share) string {
			return words.Percent(share.Value) + " " + words.Interval(share)
		}))
	}
	for _, c := range []struct {
		head, unit, title string
		count             func(*results.Wire) int64
	}{
		{"after reset", "", "rejections whose answer reached the client when a reset had ended its connection", func(w *results.Wire) int64 { return w.ArrivedAfterReset }},
		{"retransmitted", "packets", "packets with bytes of a rejection's answer that had left before", func(w *results.Wire) int64 { return w.Retransmitted }},
	} {
		if analysis.Any(recorded, func(s *analysis.Summary) bool { return c.count(s.Wire) > 0 }) {
			columns = append(columns, wireCount(c.head, c.unit, c.title, "wire_"+strings.ReplaceAll(c.head, " ", "_"), c.count))
		}
	}
	return columns
}

// ResetColumns are the columns of the causes of resets, the times and bytes between
// answer and reset, and what the path did to packets. Every point must have a record of
// the path.
func ResetColumns(recorded []*analysis.Summary) []Column {
	columns := []Column{
		wireCount("connections", "", "connections on the wire", "wire_connections", func(w *results.Wire) int64 { return w.Connections }),
	}
	for _, c := range results.ResetCauses {
		resets := func(w *results.Wire) int64 { return w.Resets[c.Name] }
		if c.Cause != results.NoReset && !analysis.Any(recorded, func(s *analysis.Summary) bool { return resets(s.Wire) > 0 }) {
			continue
		}
		columns = append(columns, wireCount(c.Name, "", c.Summary, "reset_"+c.Name, resets))
	}
	reset := func(w *results.Wire) results.Percentiles { return w.AnswerToResetMs }
	answered := func(w *results.Wire) results.Percentiles { return w.BytesAfterAnswer }
	arrived := func(w *results.Wire) results.Percentiles { return w.BytesAfterArrival }
	bytes := func(v float64) string { return units.Size(int64(v)) }
	columns = append(columns,
		wireFigure("answer to reset", "p50, ms", "median time from the answer's first byte to the server's first reset, where that came later; the largest of any round", "answer_to_reset_p50_ms", reset, analysis.P50, units.Number),
		wireFigure("", "p99, ms", "99th percentile of the same", "answer_to_reset_p99_ms", reset, analysis.P99, units.Number),
		wireFigure("sent after answer", "p50", "median of what a rejected client sent after the answer had left the server; the largest of any round", "sent_after_answer_p50_bytes", answered, analysis.P50, bytes),
		wireFigure("", "p99", "99th percentile of the same", "sent_after_answer_p99_bytes", answered, analysis.P99, bytes),
		wireFigure("after arrival", "p50", "median of what a rejected client sent after the whole answer had reached it; the largest of any round", "sent_after_arrival_p50_bytes", arrived, analysis.P50, bytes),
		wireFigure("", "p99", "99th percentile of the same", "sent_after_arrival_p99_bytes", arrived, analysis.P99, bytes),
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
		if analysis.Any(recorded, func(s *analysis.Summary) bool { return c.count(s.Path) > 0 }) {
			columns = append(columns, count(c.head, "packets", c.title, "path_"+strings.ReplaceAll(c.head, " ", "_"), func(s *analysis.Summary) int64 { return c.count(s.Path) }))
		}
	}
	return columns
}

// narrowFate returns the column of a fate that a terminal has room for: the share alone.
func narrowFate(head, unit, title string, f results.Fate) Column {
	return share(head, unit, title, "fate_"+f.String(), func(s *analysis.Summary) stats.Share { return s.Fate(f) })
}

// fateColumn returns a column of the share of a fate. As data it has the share and the
// bounds of its interval.
func fateColumn(head, unit, title string, f results.Fate, write func(stats.Share) string) Column {
	of := func(s *analysis.Summary) stats.Share { return s.Fate(f) }
	c := share(head, unit, title, "fate_"+f.String(), of)
	c.Cell = figure(head, unit, title, "", func(s *analysis.Summary) (stats.Share, bool) { return of(s), of(s).Known() }, write).Cell
	c.Fields = append(c.Fields, bounds("fate_"+f.String(), of)...)
	return c
}

// wireCount returns a column of a number in the path's record. Its functions must not be
// called for a point without a record, whose Wire is nil.
func wireCount(head, unit, title, key string, of func(*results.Wire) int64) Column {
	return count(head, unit, title, key, func(s *analysis.Summary) int64 { return of(s.Wire) })
}

// wireFigure returns a column of a percentile in the path's record. Its functions must
// not be called for a point without a record, whose Wire is nil.
func wireFigure(head, unit, title, key string, of func(*results.Wire) results.Percentiles, pick func(results.Percentiles) float64, write func(float64) string) Column {
	return figure(head, unit, title, key, func(s *analysis.Summary) (float64, bool) { return pick(of(s.Wire)), of(s.Wire).Count > 0 }, write)
}
