package calibrate

import (
	"math"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
)

// handshakes is the report of a cell with a median handshake, in ms.
func handshakes(p50 float64) cell.Report {
	return cell.Report{Fleet: loadgen.Report{Handshake: results.Percentiles{Count: 100, P50: p50}}}
}

// wantWithin checks the number of checks, and which of them are within their bounds.
func wantWithin(t *testing.T, name string, got []Check, within ...bool) {
	t.Helper()
	if len(got) != len(within) {
		t.Errorf("%s: %d checks, want %d", name, len(got), len(within))
		return
	}
	for i, check := range got {
		if check.Within != within[i] {
			t.Errorf("%s: within is %v, want %v: %+v", name, check.Within, within[i], check)
		}
	}
}

func TestPathOffItsRoundTripIsOutOfBounds(t *testing.T) {
	for name, c := range map[string]struct {
		asked  time.Duration
		took   float64 // ms
		within bool
	}{
		"exact":                           {10 * time.Millisecond, 10, true},
		"made with 12 ms in place of 10":  {10 * time.Millisecond, 12, false},
		"made with 8 ms in place of 10":   {10 * time.Millisecond, 8, false},
		"a fifth of a millisecond more":   {time.Millisecond, 1.2, true},
		"over a fifth of a millisecond":   {time.Millisecond, 1.21, false},
		"a hundredth of a long way more":  {200 * time.Millisecond, 201.9, true},
		"over a hundredth of a long way":  {200 * time.Millisecond, 202.1, false},
		"a bare link":                     {0, 0.05, true},
		"a link that is slow without why": {0, 0.3, false},
	} {
		if got := checkHandshake(c.asked, handshakes(c.took)); got.Within != c.within {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatWasNotMeasuredIsOutOfBounds(t *testing.T) {
	if got := checkHandshake(0, cell.Report{}); got.Within {
		t.Errorf("no handshake: %+v", got)
	}
	broken := handshakes(10)
	broken.Error = "the server died"
	if got := checkHandshake(10*time.Millisecond, broken); got.Within || got.Note != broken.Error {
		t.Errorf("a cell that failed: %+v", got)
	}
	silent := cell.Report{Path: results.Path{Kind: "delayline"}}
	wantWithin(t, "no packet", checkLateness(20*time.Millisecond, silent), false, false)
	wantWithin(t, "no datagram", checkLoss(0.01, lossReport{}), false, false, false)
	wantWithin(t, "no upload", checkUpload(20*time.Millisecond, 1<<20, cell.Report{}), false, false)
}

func TestLatePathIsOutOfBounds(t *testing.T) {
	for name, c := range map[string]struct {
		p50, p99 float64
		within   [2]bool
	}{
		"on time":           {0.005, 0.5, [2]bool{true, true}},
		"late as a rule":    {0.2, 0.5, [2]bool{false, true}},
		"late now and then": {0.005, 3, [2]bool{true, false}},
	} {
		r := cell.Report{Path: results.Path{Kind: "delayline", LateMs: results.Percentiles{Count: 1000, P50: c.p50, P99: c.p99}}}
		wantWithin(t, name, checkLateness(20*time.Millisecond, r), c.within[:]...)
	}
}

func TestLossIsJudgedByTheFarEndAndThePathByIt(t *testing.T) {
	way := func(sent, lost int64) datagrams { return datagrams{Sent: sent, Arrived: sent - lost, Marks: 2} }
	for name, c := range map[string]struct {
		share    float64
		up, down int64 // of 20,000 packets
		counted  int64 // by the path
		failed   int64
		within   [3]bool // up, down, the path's count
	}{
		"as asked":                          {0.01, 200, 210, 410, 0, [3]bool{true, true, true}},
		"marks lost as well":                {0.01, 200, 210, 413, 0, [3]bool{true, true, true}},
		"nothing up, all of it down":        {0.01, 0, 400, 400, 0, [3]bool{false, false, true}},
		"twice as much":                     {0.001, 40, 40, 80, 0, [3]bool{false, false, true}},
		"the path drops and does not count": {0.01, 200, 210, 300, 0, [3]bool{true, true, false}},
		"the path counts and does not drop": {0.01, 0, 0, 400, 0, [3]bool{false, false, false}},
		"the path overran as well":          {0.01, 200, 210, 410, 5, [3]bool{true, true, false}},
	} {
		r := lossReport{Ways: [2]datagrams{way(20_000, c.up), way(20_000, c.down)}, Dropped: c.counted, Failed: c.failed}
		wantWithin(t, name, checkLoss(c.share, r), c.within[:]...)
	}
}

func TestUploadIsJudgedByWhatTheServerRead(t *testing.T) {
	const body = 64 << 20
	report := func(seconds float64, read int64) cell.Report {
		return cell.Report{
			Fleet: loadgen.Report{Latency: results.Latency{
				Connect: results.Percentiles{Count: 1, P50: 20},
				End:     results.Percentiles{Count: 1, P50: 20 + 1e3*seconds + 20},
			}},
			Server: results.Server{Rejected: 1, BytesDrained: read},
		}
	}
	for name, c := range map[string]struct {
		r      cell.Report
		within [2]bool
	}{
		"whole and quick": {report(1, body+145), [2]bool{true, true}},
		"slow":            {report(10, body+145), [2]bool{false, true}},
		"cut short":       {report(1, body/2), [2]bool{true, false}},
	} {
		wantWithin(t, name, checkUpload(20*time.Millisecond, body, c.r), c.within[:]...)
	}
	if rate := checkUpload(20*time.Millisecond, body, report(1, body))[0].Measured; math.Abs(rate-body*8/1e6) > 1e-6 {
		t.Errorf("64 MiB in a second are %v Mbit/s", rate)
	}
}
