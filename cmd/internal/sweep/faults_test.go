package sweep

import (
	"context"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// oneTry is a budget that is used up after the first try of a cell. A busy machine
// makes a path late and the cell invalid; what these tests assert does not depend
// on that.
const oneTry = 1

// withFault runs one small cell for each strategy over a path with a fault, and
// returns the records by strategy.
func withFault(t *testing.T, f impair.Fault, rtt time.Duration, client string, body int64, strategies ...string) map[string]results.Cell {
	t.Helper()
	im := impair.Set{Fault: f}.WithRTT(rtt)
	path, err := cell.Choose(context.Background(), netpath.Spec{Kind: netpath.DelayLine, Impairments: im})
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	o := Options{
		Path: path, Impairments: im, Rounds: 1, Requests: 10, Timeout: 3 * time.Second, MaxCell: time.Minute, Budget: oneTry,
	}
	cells := map[string]results.Cell{}
	for _, s := range strategies {
		o.Points = []results.Point{{Strategy: s, Client: client, RTTMs: units.Milliseconds(im.RTT()), Concurrency: 10, BodyBytes: body}}
		_, err = Run(context.Background(), o, Events{Done: func(c results.Cell, _ bool) error {
			if c.Wire == nil || c.Attempts != o.Requests {
				t.Fatalf("%s: no record of the wire, or %d of %d attempts: %s", c.Strategy, c.Attempts, o.Requests, c.InvalidReason)
			}
			if c.Wire.Agreement.Disagreed != 0 {
				t.Errorf("%s: the ledgers disagree: %+v", c.Strategy, c.Wire.Agreement.Disagreements)
			}
			cells[c.Strategy] = c
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(cells) != len(strategies) {
		t.Fatalf("%d cells of %d strategies", len(cells), len(strategies))
	}
	return cells
}

func TestADroppedAnswerIsLostUnderCloseAndRecoveredByLingering(t *testing.T) {
	// A FIN that arrives without the answer before it makes the server's kernel
	// retransmit the answer one round trip later. The request has to arrive at the
	// closed socket before that; half a second is enough on a busy machine too.
	cells := withFault(t, impair.DropFirstResponse, 500*time.Millisecond, "duplex", 0, "close", "linger-zero")
	maps.Copy(cells, withFault(t, impair.DropFirstResponse, 10*time.Millisecond, "duplex", 0,
		"read-request", "lingering-close", "wait-acked", "drain-until-acked"))
	for name, c := range cells {
		lost := c.Wire.Fates[results.LostOnPath.String()]
		switch name {
		case "close", "linger-zero":
			// The reset drops the send queue, and with it the retransmission.
			if c.Delivered != 0 || lost != c.Attempts || c.Wire.Retransmitted != 0 {
				t.Errorf("%s: %d of %d delivered, %d lost on the path, %d retransmitted; want none, all, none", name, c.Delivered, c.Attempts, lost, c.Wire.Retransmitted)
			}
		default:
			if c.Delivered != c.Attempts || lost != 0 || c.Wire.Retransmitted < c.Attempts {
				t.Errorf("%s: %d of %d delivered, %d lost on the path, %d retransmitted; want all, none, one each", name, c.Delivered, c.Attempts, lost, c.Wire.Retransmitted)
			}
		}
	}
}

func TestARequestHeldBehindTheCloseIsLateDataNotUnreadData(t *testing.T) {
	c := withFault(t, impair.LateRequest, 10*time.Millisecond, "blocking", 0, "close")["close"]
	if n := c.Wire.Resets[results.LateData.String()]; n != c.Attempts {
		t.Errorf("%d of %d connections were reset by late data: %v", n, c.Attempts, c.Wire.Resets)
	}
	if c.TCP["TCPAbortOnClose"] != 0 || c.TCP["TCPAbortOnData"] != c.Attempts {
		t.Errorf("the kernel counts otherwise: %v", c.TCP)
	}
	// The answer and the FIN came first, and a reader of the answer sees them.
	if c.Delivered != c.Attempts {
		t.Errorf("%d of %d delivered: %v", c.Delivered, c.Attempts, c.Outcomes)
	}
}

func TestWithoutItsResetABlockedUploadHangsAndIsNotDelivered(t *testing.T) {
	c := withFault(t, impair.DropRST, 10*time.Millisecond, "blocking", 1<<20, "read-header")["read-header"]
	if c.Outcomes[results.TimeoutSend] != c.Attempts {
		t.Errorf("want every attempt stuck in send: %v", c.Outcomes)
	}
	if got := c.Wire.ResetsLost; got == 0 || got != c.Wire.ResetsSent {
		t.Errorf("%d of %d resets were dropped, want all", got, c.Wire.ResetsSent)
	}
	if n := c.Wire.Fates[results.ArrivedNotRead.String()]; n != c.Attempts {
		t.Errorf("%d of %d answers arrived and were not read: %v", n, c.Attempts, c.Wire.Fates)
	}
}
