package main

import (
	"os"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// TestRecordedRunIsSound checks the JSON of the run that REJECTBENCH_RUN names. The run
// needs linger-zero and lingering-close, a path with a delay, and requests without a
// body and with a body larger than any socket buffer.
func TestRecordedRunIsSound(t *testing.T) {
	path := os.Getenv("REJECTBENCH_RUN")
	if path == "" {
		t.Skip("REJECTBENCH_RUN names no run")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := readCells(t, string(b)) // checks that the attempts are the sum of the outcomes
	if err != nil {
		t.Fatal(err)
	}
	type point struct {
		strategy string
		body     int64
	}
	final := map[point]results.Cell{}
	for _, c := range cells {
		final[point{c.Strategy, c.BodyBytes}] = c // an invalid try comes before the one that counts
	}
	seen := map[string]int{}
	for p, c := range final {
		if !c.Valid {
			t.Errorf("%v is invalid after %d tries: %s", p, c.Try+1, c.InvalidReason)
			continue
		}
		seen[c.Strategy]++
		if c.Attempts == 0 || c.Rejected != c.Attempts || c.Ledger.Matched != c.Attempts {
			t.Errorf("%v: %d attempts, %d rejected, ledger %+v", p, c.Attempts, c.Rejected, c.Ledger)
		}
		resets := c.TCP["TCPAbortOnClose"] + c.TCP["TCPAbortOnData"]
		switch c.Strategy {
		case "lingering-close":
			if c.Delivered != c.Rejected || resets != 0 {
				t.Errorf("%v: %d of %d delivered, %d resets: lingering-close delivers all and resets none", p, c.Delivered, c.Rejected, resets)
			}
		case "linger-zero":
			if resets == 0 || c.Outcomes[results.Delivered] != 0 {
				t.Errorf("%v: %d resets and %d orderly ends: linger-zero resets every connection", p, resets, c.Outcomes[results.Delivered])
			}
			if c.BodyBytes > 0 && c.Delivered == c.Rejected {
				t.Errorf("%v: no reset of an upload cost an answer", p)
			}
		}
	}
	if len(cells) == 0 || seen["lingering-close"] == 0 || seen["linger-zero"] == 0 {
		t.Errorf("%d records, with valid cells of %v", len(cells), seen)
	}
}
