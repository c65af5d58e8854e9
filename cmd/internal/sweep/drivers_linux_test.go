package sweep

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

func TestEveryInstalledClientIsMeasuredAsTheFleetIs(t *testing.T) {
	path, err := cell.Choose(context.Background(), netpath.Spec{Kind: netpath.DelayLine, Impairments: impair.Set{}.WithRTT(5 * time.Millisecond)})
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	for _, client := range drivers.Clients() {
		t.Run(client.Name, func(t *testing.T) {
			needClient(t, client)
			o := Options{Path: path, Rounds: 1, Requests: 12, Timeout: 5 * time.Second, MaxCell: time.Minute, Budget: oneTry}
			cells := 0
			for _, strategy := range []string{"close", "lingering-close"} {
				for _, body := range []int64{0, 100_000} {
					o.Points = []results.Point{{Strategy: strategy, Client: client.Name, RTTMs: 5, Concurrency: 3, BodyBytes: body}}
					_, err := Run(context.Background(), o, Events{Done: func(c results.Cell, _ bool) error {
						cells++
						checkDriverCell(t, o, client, c)
						return nil
					}})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			if cells != 4 {
				t.Errorf("%d cells, want 4", cells)
			}
			if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// needClient skips a test of a library client that is not installed. On CI all have
// to be.
func needClient(t *testing.T, client drivers.Client) {
	t.Helper()
	_, err := client.Installed(context.Background())
	if missing := (*drivers.MissingError)(nil); errors.As(err, &missing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

func checkDriverCell(t *testing.T, o Options, client drivers.Client, c results.Cell) {
	t.Helper()
	// A busy machine makes a path late, and takes CPU time; nothing else may be wrong.
	for reason := range strings.SplitSeq(c.InvalidReason, "; ") {
		if reason != "" && !strings.HasPrefix(reason, "the path was late by ") && !strings.HasPrefix(reason, "other processes took ") {
			t.Errorf("%s, body %d: invalid: %s", c.Strategy, c.BodyBytes, reason)
		}
	}
	if c.Attempts != o.Requests || c.Outcomes.Total() != c.Attempts || c.Rejected != c.Attempts || c.LatencyMs.End.Count != c.Attempts {
		t.Errorf("%s, body %d: %d attempts, %d outcomes, %d rejected", c.Strategy, c.BodyBytes, c.Attempts, c.Outcomes.Total(), c.Rejected)
	}
	if c.Ledger.Matched != c.Attempts || c.Wire == nil || c.Wire.Connections != c.Attempts || c.Wire.Fates["unknown"] != 0 || c.Wire.Fates["read"] != c.Delivered {
		t.Errorf("%s, body %d: ledgers %+v, wire %+v", c.Strategy, c.BodyBytes, c.Ledger, c.Wire)
	}
	// Go's client may drop an answer that comes before the request is on the
	// connection, which lingering cannot prevent.
	read := c.Outcomes[results.Delivered]
	if client.Role != "" {
		read += c.Outcomes[results.BadResponse]
	}
	if c.Strategy == "lingering-close" && read != c.Attempts {
		t.Errorf("a server that lingers loses answers: %v", c.Outcomes)
	}
}
