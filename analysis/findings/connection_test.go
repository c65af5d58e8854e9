package findings

import (
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// connectionCell is a cell of 100 rejections of which so many were delivered, over
// TLS in streams that ended as e.
func connectionCell(strategy string, tls bool, nth int, delivered int64, e results.TLSEnd) results.Cell {
	c := results.Cell{Point: results.Point{Strategy: strategy, Client: "blocking", RTTMs: 20, Concurrency: 5, BodyBytes: 1000, TLS: tls, NthRequest: nth}, Attempts: 100, Rejected: 100, Delivered: delivered, Valid: true}
	c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = delivered, 100-delivered
	if tls {
		c.TLSEnds = results.TLSCounts{}
		c.TLSEnds.Add(e, results.Delivered, delivered)
		c.TLSEnds.Add(results.TLSReset, results.ResetSend, 100-delivered)
	}
	c.SetShare()
	return c
}

func found(t *testing.T, cells []results.Cell, words ...string) {
	t.Helper()
	all := findings(cells...)
	for _, w := range words {
		if !strings.Contains(all, w) {
			t.Errorf("nothing says %q:\n%s", w, all)
		}
	}
}

func TestAWholeAnswerInATruncatedStreamIsSaidToBeTruncated(t *testing.T) {
	found(t, []results.Cell{
		connectionCell("close", true, 0, 100, results.TLSCloseNotify),
		connectionCell("linger-zero", true, 0, 60, results.TLSReset),
	},
		"without a close_notify under linger-zero (300 of 300). A client that is strict about truncation loses them too.",
		"ended with a close_notify under close (n=500).")
}

func TestAStreamThatTheClientClosedIsNeitherTruncatedNorClosed(t *testing.T) {
	s := analysis.NewStudy(&results.Run{Cells: []results.Cell{connectionCell("close", true, 0, 100, results.TLSOpen)}}).Summaries[0]
	if s.Unclosed().Known() {
		t.Errorf("%+v", s.Unclosed())
	}
}

func TestOnlyTheSameConditionsAreComparedBetweenConnections(t *testing.T) {
	found(t, []results.Cell{
		connectionCell("close", false, 0, 50, 0), connectionCell("close", true, 0, 95, results.TLSCloseNotify),
		connectionCell("shutdown", false, 0, 50, 0), connectionCell("shutdown", true, 0, 52, results.TLSCloseNotify),
		connectionCell("read-header", true, 0, 100, results.TLSCloseNotify),
		connectionCell("close", false, 3, 10, 0),
	},
		"Over TLS 1.3 more 503s arrive than on the first request of a plain connection, under the same conditions: close (95.0% (95% CI 91.5–97.1, n=500) instead of 50.0%",
		"On request 3 of its connection fewer 503s arrive than on the first request of a plain connection, under the same conditions: close (10.0%")
}
