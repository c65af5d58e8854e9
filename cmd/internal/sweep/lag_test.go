package sweep

import (
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

func TestSpreadAttemptsMayBeLateByTheirDistance(t *testing.T) {
	const ms = 1_000_000
	every := func(gap int64) []loadgen.Attempt {
		// In the order of their ends, which need not be that of their starts.
		return []loadgen.Attempt{{Due: 2 * gap}, {Due: 0}, {Due: 3 * gap}, {Due: gap}}
	}
	late := results.Percentiles{Count: 4, P90: 15, P99: 15}
	for _, c := range []struct {
		arrivals string
		gap      int64
		want     string
	}{
		{results.SpreadArrivals, 20 * ms, ""},
		{results.SpreadArrivals, 12 * ms, "the fleet was behind its schedule by 15.00 ms at p90, more than 12.00 ms"},
		{results.SpreadArrivals, ms, "the fleet was behind its schedule by 15.00 ms at p90, more than 10.00 ms"},
		{results.PoissonArrivals, 20 * ms, "the fleet was behind its schedule by 15.00 ms at p99, more than 10.00 ms"},
	} {
		var found problems
		found.checkEnds(results.Point{Arrivals: c.arrivals}, cell.Report{Fleet: loadgen.Report{Attempts: every(c.gap), Lag: late}})
		if got := strings.Join(found, "; "); got != c.want {
			t.Errorf("%s attempts every %d ms: %q, want %q", c.arrivals, c.gap/ms, got, c.want)
		}
	}
}

// Curl starts a process for each attempt, which takes about as long each time.
func TestTheLagOfALibraryClientCountsFromItsMedian(t *testing.T) {
	for _, c := range []struct {
		client string
		p50    float64
		want   string
	}{
		{"curl", 8, ""},
		{"curl", 1, "the fleet was behind its schedule by 12.00 ms at p90, more than 10.00 ms"},
		{"blocking", 8, "the fleet was behind its schedule by 13.00 ms at p90, more than 10.00 ms"},
	} {
		var found problems
		found.checkEnds(results.Point{Client: c.client, Arrivals: results.SpreadArrivals},
			cell.Report{Fleet: loadgen.Report{Lag: results.Percentiles{Count: 30, P50: c.p50, P90: 13, P99: 13}}})
		if got := strings.Join(found, "; "); got != c.want {
			t.Errorf("%s, median %v: %q, want %q", c.client, c.p50, got, c.want)
		}
	}
}

// A process that stands still for a second delays few packets and few attempts.
func TestAPathOrAFleetThatStoodStillInvalidatesACell(t *testing.T) {
	usual, once := results.Percentiles{Count: 1000, P90: 0.5, P99: 1, Max: 9}, results.Percentiles{Count: 1000, P90: 0.5, P99: 1, Max: 1500}
	for _, c := range []struct {
		path  results.Percentiles
		stall float64
		want  string
	}{
		{usual, 9, ""},
		{once, 9, "the path stood still: it was late by 1500 ms once"},
		{usual, 1500, "the fleet stood still: an attempt was due for 1500 ms, with a slot free"},
	} {
		p := results.Point{Client: "blocking", RTTMs: 5, Arrivals: results.SpreadArrivals}
		// An attempt that waits for a slot is late because the server is slow.
		r := cell.Report{Fleet: loadgen.Report{Lag: once, StallMs: c.stall}}
		r.Path.LateMs = c.path
		var found problems
		found.checkPath(p, impair.Set{}, r)
		found.checkEnds(p, r)
		if got := strings.Join(found, "; "); got != c.want {
			t.Errorf("path late %+v, fleet's stall %v: %q, want %q", c.path, c.stall, got, c.want)
		}
	}
}
