package calibrate

import (
	"fmt"
	"time"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Check is one figure of a path against its bounds.
type Check struct {
	What     string  `json:"what"`
	Setting  string  `json:"setting"` // of the path, in the grammar of its flags
	Measured float64 `json:"measured"`
	Low      float64 `json:"low"`
	High     float64 `json:"high,omitempty"` // 0 is no bound
	Unit     string  `json:"unit"`
	Count    int64   `json:"count"` // of the samples behind the figure
	Within   bool    `json:"within"`
	Note     string  `json:"note,omitempty"` // why the measurement failed
}

const (
	// handshakeShare and handshakeFloor bound how far the median handshake may be
	// off the round trip: by a share of that, or by the floor if that is more.
	handshakeShare = 0.01
	handshakeFloor = 200 * time.Microsecond
	// lossConfidence is the confidence of the interval that the number of lost
	// packets has to lie in.
	lossConfidence = 0.99
	// uploadFloor is the least rate of an upload in Mbit/s. It is above the fastest
	// line of the named paths, so that on those the line limits a sender and not
	// the path's implementation.
	uploadFloor = 100
)

// check compares a figure with its bounds. A figure without samples is not within
// any.
func check(what string, im impair.Set, unit string, measured, low, high float64, count int64) Check {
	return Check{
		What: what, Setting: im.String(), Measured: measured, Low: low, High: high, Unit: unit, Count: count,
		Within: count > 0 && low <= measured && (measured <= high || high == 0),
	}
}

// failed marks a check whose measurement failed; an empty reason changes nothing.
func (c Check) failed(reason string) Check {
	if reason != "" {
		c.Within, c.Note = false, reason
	}
	return c
}

// checkHandshake checks the time from SYN to SYN-ACK that the client's kernel
// measured.
func checkHandshake(rtt time.Duration, r cell.Report) Check {
	off := max(time.Duration(float64(rtt)*handshakeShare), handshakeFloor)
	h := r.Fleet.Handshake
	return check("handshake p50", impair.Set{}.WithRTT(rtt), "ms", h.P50, max(units.Milliseconds(rtt-off), 0), units.Milliseconds(rtt+off), h.Count).failed(r.Error)
}

// checkLateness checks how long after its due time a packet leaves. A handshake
// crosses the path twice, so the bound for a packet is half of the bound for a
// handshake. The tail has the bound that makes a cell valid. The kernel's netem does not report
// lateness: then there is no check.
func checkLateness(rtt time.Duration, r cell.Report) []Check {
	l, im := r.Path.LateMs, impair.Set{}.WithRTT(rtt)
	if l.Count == 0 && r.Error == "" && r.Path.Kind == string(netpath.Netem) {
		return nil
	}
	return []Check{
		check("late p50", im, "ms", l.P50, 0, units.Milliseconds(handshakeFloor/2), l.Count).failed(r.Error),
		check("late p99", im, "ms", l.P99, 0, cell.LatenessBound(rtt), l.Count).failed(r.Error),
	}
}

// checkLoss checks the number of packets that did not arrive, and the path's own
// count against it.
func checkLoss(share float64, r lossReport) []Check {
	im := impair.Set{Up: impair.OneWay{Loss: share}, Down: impair.OneWay{Loss: share}}
	var checks []Check
	var lost, sent, marks int64
	for i, d := range r.Ways {
		low, high := stats.BinomialInterval(d.Sent, share, lossConfidence)
		what := [...]string{"lost up", "lost down"}[i]
		checks = append(checks, check(what, im, "packets", float64(d.lost()), float64(low), float64(high), d.Sent).failed(r.Error))
		lost, sent, marks = lost+d.lost(), sent+d.Sent, marks+d.Marks
	}
	counted := check("lost by the path's count", im, "packets", float64(r.Dropped), float64(lost), float64(lost+marks), sent).failed(r.Error)
	if r.Failed > 0 {
		counted = counted.failed(fmt.Sprintf("the path itself lost %d packets", r.Failed))
	}
	return append(checks, counted)
}

// checkUpload checks the rate of one upload, and that the server read all of it.
func checkUpload(rtt time.Duration, body int64, r cell.Report) []Check {
	im := impair.Set{}.WithRTT(rtt)
	// The last byte and the answer travel for a round trip together, which is not
	// part of the upload.
	took := (r.Fleet.Latency.End.P50 - r.Fleet.Latency.Connect.P50 - units.Milliseconds(rtt)) / 1e3
	rate := 0.0
	if took > 0 {
		rate = float64(body) * 8 / took / 1e6
	}
	const maxHeader = 1 << 10 // bytes read besides the body
	return []Check{
		check("upload", im, "Mbit/s", rate, uploadFloor, 0, r.Fleet.Latency.End.Count).failed(r.Error),
		check("upload read by the server", im, "bytes", float64(r.Server.BytesDrained), float64(body), float64(body+maxHeader), r.Server.Rejected).failed(r.Error),
	}
}
