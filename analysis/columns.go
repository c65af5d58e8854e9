package analysis

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// column is one column of the text table and of the report's.
type column struct {
	head, unit string
	left       bool   // names; numbers align right
	title      string // what the column holds, for a reader who asks
	cell       func(*Summary) string
}

// none marks a figure that does not exist, as opposed to zero.
const none = "-"

// pointColumns are the columns that name a point. A coordinate that few sweeps
// use (loss, limit, rate, what else the path did) shows only where it is set.
func pointColumns(summaries []*Summary) []column {
	columns := []column{
		{"strategy", "", true, "how the server rejects", func(s *Summary) string { return s.Strategy }},
		{"client", "", true, "how the client sends and reads", func(s *Summary) string { return s.Client }},
		{"rtt", "ms", false, "round trip that was asked for", func(s *Summary) string { return number(s.RTTMs) }},
		{"conc", "", false, "clients at once", func(s *Summary) string { return strconv.Itoa(s.Concurrency) }},
		{"body", "", false, "size of the request's body", func(s *Summary) string { return size(s.BodyBytes) }},
	}
	if exist(summaries, func(s *Summary) bool { return s.Loss != 0 }) {
		columns = append(columns, column{"loss", "%", false, "packets lost on purpose, each way", func(s *Summary) string { return number(s.Loss * 100) }})
	}
	if exist(summaries, func(s *Summary) bool { return s.Limit != 0 }) {
		columns = append(columns, column{"limit", "", false, "connections the server admits at once", func(s *Summary) string { return strconv.Itoa(s.Limit) }})
	}
	if exist(summaries, func(s *Summary) bool { return s.Rate != 0 }) {
		columns = append(columns, column{"rate", "1/s", false, "attempts due a second; 0 is a closed loop", func(s *Summary) string { return number(s.Rate) }})
	}
	if exist(summaries, func(s *Summary) bool { return s.Impairments != "" }) {
		columns = append(columns, column{"impaired", "by", true, "what the path did besides the round trip and the loss", func(s *Summary) string {
			return cmp.Or(s.Impairments, none)
		}})
	}
	return columns
}

// columnsFor returns the columns that say something about these points.
func columnsFor(summaries []*Summary) []column {
	columns := pointColumns(summaries)
	if exist(summaries, func(s *Summary) bool { return s.Attempts != s.Rejected }) {
		columns = append(columns, column{"attempts", "", false, "attempts made", ifValid(func(s *Summary) string { return strconv.FormatInt(s.Attempts, 10) })})
	}
	columns = append(columns,
		column{"n", "", false, "rejections in the server's ledger: what the share is of", ifValid(func(s *Summary) string { return strconv.FormatInt(s.Rejected, 10) })},
		column{"delivered", "%", false, "rejections whose whole 503 reached the client's code", ifValid(func(s *Summary) string { return shareCell(s.Delivered) })},
		column{"95% interval", "%", false, "Wilson interval of the delivered share", ifValid(intervalCell)},
		column{"+rst", "%", false, "rejections delivered whole, with a reset after it", ifValid(func(s *Summary) string { return shareCell(s.ThenReset) })},
	)
	columns = append(columns, narrowFates(summaries)...)
	return append(columns,
		column{"p50", "ms", false, "median time until the first byte of a delivered answer", latencyCell(func(p results.Percentiles) float64 { return p.P50 })},
		column{"p99", "ms", false, "99th percentile of the same", latencyCell(func(p results.Percentiles) float64 { return p.P99 })},
		column{"hold", "ms", false, "mean time from accept to close of a rejected connection", ifValid(holdCell)},
		column{"cpu", "us", false, "server CPU time a rejection", ifValid(cpuCell)},
		column{"rst", "unread", false, "resets because close met unread data (TCPAbortOnClose)", counterCell("TCPAbortOnClose")},
		column{"rst", "late", false, "resets because data came after close, or SO_LINGER was 0 (TCPAbortOnData)", counterCell("TCPAbortOnData")},
		column{"valid", "", false, "valid rounds of all; +n: tries that were run again", validCell},
		column{"lost as", "% of those not admitted", true, "outcomes without a whole answer", ifValid(lossCell)},
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

// reportColumns are the columns that a terminal has no room for.
func reportColumns() []column {
	return []column{
		{"discard", "% of delivered", false, "delivered answers that a client system which discards received data on a reset would have lost too", ifValid(func(s *Summary) string { return shareCell(s.Unread) })},
		{"95% interval", "%", false, "Wilson interval of the share before", ifValid(func(s *Summary) string {
			if !s.Unread.Known() {
				return none
			}
			return interval(s.Unread)
		})},
		{"end p50", "ms", false, "median time until an attempt ended, whatever its outcome", endCell(func(p results.Percentiles) float64 { return p.P50 })},
		{"end p99", "ms", false, "99th percentile of the same", endCell(func(p results.Percentiles) float64 { return p.P99 })},
		{"hold p99", "ms", false, "99th percentile of the hold time: the largest of any round", ifValid(func(s *Summary) string {
			if s.HoldMs.Count == 0 {
				return none
			}
			return number(s.HoldMs.P99)
		})},
		{"peak open", "", false, "connections open at once on the server, the largest of any round", ifValid(func(s *Summary) string { return strconv.Itoa(s.PeakOpen) })},
		{"drained", "", false, "bytes read from rejected connections", ifValid(func(s *Summary) string { return size(s.BytesDrained) })},
		{"handshake", "ms", false, "median round trip of the handshake, the largest of any round", ifValid(func(s *Summary) string {
			if s.HandshakeMs.Count == 0 {
				return none
			}
			return number(s.HandshakeMs.P50)
		})},
		{"path late p99", "ms", false, "how late the path released a packet, the largest of any round", ifValid(func(s *Summary) string {
			if s.PathLateMs.Count == 0 {
				return none
			}
			return number(s.PathLateMs.P99)
		})},
		{"retrans", "", false, "segments the server sent again (RetransSegs)", counterCell("RetransSegs")},
	}
}

func endCell(pick func(results.Percentiles) float64) func(*Summary) string {
	return ifValid(func(s *Summary) string {
		if s.End.Count == 0 {
			return none
		}
		return number(pick(s.End))
	})
}
