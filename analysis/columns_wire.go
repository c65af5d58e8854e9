package analysis

import (
	"slices"
	"strconv"

	"github.com/rejectbench/rejectbench/results"
)

// fateColumns are the columns on what became of each rejection's answer, from
// the one that was read to the one nobody can tell of. Answers that were read,
// not read and lost always have their columns; what never came about has none.
func fateColumns(witnessed []*Summary) []column {
	columns := []column{
		{"n", "", false, "rejections on the wire: what the shares are of", func(s *Summary) string { return strconv.FormatInt(s.Wire.Rejections, 10) }},
	}
	for _, f := range slices.Backward(results.Fates[:]) {
		rare := f.Fate == results.NeverSent || f.Fate == results.UnknownFate
		if rare && !exist(witnessed, func(s *Summary) bool { return s.Fate(f.Fate).K > 0 }) {
			continue
		}
		columns = append(columns, column{f.Name, "% [95% interval]", false, f.Summary, func(s *Summary) string {
			share := s.Fate(f.Fate)
			if !share.Known() {
				return none
			}
			return shareCell(share) + " " + interval(share)
		}})
	}
	for _, c := range []struct {
		head, unit, title string
		count             func(*results.Wire) int64
	}{
		{"after reset", "", "rejections whose answer reached the client when a reset had ended its connection", func(w *results.Wire) int64 { return w.ArrivedAfterReset }},
		{"retransmitted", "packets", "packets with bytes of a rejection's answer that had left before", func(w *results.Wire) int64 { return w.Retransmitted }},
	} {
		if exist(witnessed, func(s *Summary) bool { return c.count(s.Wire) > 0 }) {
			columns = append(columns, column{c.head, c.unit, false, c.title, wireCount(c.count)})
		}
	}
	return columns
}

// resetColumns are the columns on who reset connections, on what, and what
// came between the answer and the reset.
func resetColumns(witnessed []*Summary) []column {
	columns := []column{
		{"connections", "", false, "connections on the wire", wireCount(func(w *results.Wire) int64 { return w.Connections })},
	}
	for _, c := range results.ResetCauses {
		count := func(w *results.Wire) int64 { return w.Resets[c.Name] }
		if c.Cause != results.NoReset && !exist(witnessed, func(s *Summary) bool { return count(s.Wire) > 0 }) {
			continue
		}
		columns = append(columns, column{c.Name, "", false, c.Summary, wireCount(count)})
	}
	reset := func(w *results.Wire) results.Percentiles { return w.AnswerToResetMs }
	answered := func(w *results.Wire) results.Percentiles { return w.BytesAfterAnswer }
	arrived := func(w *results.Wire) results.Percentiles { return w.BytesAfterArrival }
	p50 := func(p results.Percentiles) float64 { return p.P50 }
	p99 := func(p results.Percentiles) float64 { return p.P99 }
	bytes := func(v float64) string { return size(int64(v)) }
	columns = append(columns,
		column{"answer to reset", "p50, ms", false, "median time from the answer's first byte to the server's first reset, where that came later; the largest of any round", wireTime(reset, p50, number)},
		column{"", "p99, ms", false, "99th percentile of the same", wireTime(reset, p99, number)},
		column{"sent after answer", "p50", false, "median of what a rejected client sent after the answer had left the server; the largest of any round", wireTime(answered, p50, bytes)},
		column{"", "p99", false, "99th percentile of the same", wireTime(answered, p99, bytes)},
		column{"after arrival", "p50", false, "median of what a rejected client sent after the whole answer had reached it; the largest of any round", wireTime(arrived, p50, bytes)},
		column{"", "p99", false, "99th percentile of the same", wireTime(arrived, p99, bytes)},
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
		if exist(witnessed, func(s *Summary) bool { return c.count(s.Path) > 0 }) {
			columns = append(columns, column{c.head, "packets", false, c.title, func(s *Summary) string { return strconv.FormatInt(c.count(s.Path), 10) }})
		}
	}
	return columns
}

// narrowFates are the two fates that a terminal has room for: how an answer is
// lost behind the path, and on it.
func narrowFates(summaries []*Summary) []column {
	fate := func(f results.Fate) func(*Summary) string {
		return ifValid(func(s *Summary) string { return shareCell(s.Fate(f)) })
	}
	var columns []column
	if exist(summaries, (*Summary).witnessed) {
		columns = append(columns, column{"not", "read %", false, "rejections whose whole answer reached the client's kernel and was not read by its code", fate(results.ArrivedNotRead)})
	}
	if exist(summaries, func(s *Summary) bool { return s.Fate(results.LostOnPath).K > 0 }) {
		columns = append(columns, column{"path", "lost %", false, "rejections whose answer left the server whole and of a part of which no copy reached the client", fate(results.LostOnPath)})
	}
	return columns
}

func wireCount(count func(*results.Wire) int64) func(*Summary) string {
	return func(s *Summary) string { return strconv.FormatInt(count(s.Wire), 10) }
}

func wireTime(of func(*results.Wire) results.Percentiles, pick func(results.Percentiles) float64, write func(float64) string) func(*Summary) string {
	return func(s *Summary) string {
		p := of(s.Wire)
		if p.Count == 0 {
			return none
		}
		return write(pick(p))
	}
}
