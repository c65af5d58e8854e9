package analysis

import (
	"fmt"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// Direction is the direction in which a metric improves. The zero value is Neither.
type Direction int

// The directions.
const (
	Neither Direction = iota // none: the metric is shown and not judged
	Higher
	Lower
)

// Metric is a figure of a cell that comparisons and rules use. Exactly one of Share
// and Value is set.
type Metric struct {
	Name    string // name in flags, rules and JSON
	Unit    string // unit of a value, such as ms; % for a share; empty for a count
	Summary string // its meaning, in a line
	Better  Direction
	// Share returns k of n. The samples are attempts.
	Share func(c *results.Cell) (k, n int64)
	// Value returns one figure per cell. The samples are rounds. It reports false
	// where the cell has no such figure.
	Value func(c *results.Cell) (float64, bool)
}

// Metrics is the table of the metrics. In addition there is share(OUTCOME) for each
// outcome in results.Outcomes: see MetricByName.
var Metrics = []Metric{
	{Name: "delivered_share", Unit: "%", Better: Higher,
		Summary: "rejections whose whole 503 reached the client's code",
		Share:   func(c *results.Cell) (int64, int64) { return min(c.Delivered, c.Rejected), c.Rejected }},
	{Name: "unread_share", Unit: "%", Better: Lower,
		Summary: "delivered answers that a client system which discards received data on a reset would have lost too",
		Share:   func(c *results.Cell) (int64, int64) { return min(c.UnreadAtReset, c.Delivered), c.Delivered }},
	{Name: "response_p50_ms", Unit: "ms", Better: Lower,
		Summary: "median time from due to the answer's first byte",
		Value:   percentile(func(c *results.Cell) results.Percentiles { return c.LatencyMs.Response }, P50)},
	{Name: "response_p99_ms", Unit: "ms", Better: Lower,
		Summary: "99th percentile of the same",
		Value:   percentile(func(c *results.Cell) results.Percentiles { return c.LatencyMs.Response }, P99)},
	{Name: "end_p50_ms", Unit: "ms", Better: Lower,
		Summary: "median time from due to the attempt's end, whatever its outcome",
		Value:   percentile(func(c *results.Cell) results.Percentiles { return c.LatencyMs.End }, P50)},
	{Name: "end_p99_ms", Unit: "ms", Better: Lower,
		Summary: "99th percentile of the same",
		Value:   percentile(func(c *results.Cell) results.Percentiles { return c.LatencyMs.End }, P99)},
	{Name: "hold_ms", Unit: "ms", Better: Lower,
		Summary: "mean time from accept (with nth_request > 1: from the rejected request) to close of a rejected connection: descriptor-milliseconds per rejection",
		Value:   percentile(func(c *results.Cell) results.Percentiles { return c.Server.HoldMs }, Mean)},
	{Name: "hold_p99_ms", Unit: "ms", Better: Lower,
		Summary: "99th percentile of the same",
		Value:   percentile(func(c *results.Cell) results.Percentiles { return c.Server.HoldMs }, P99)},
	{Name: "cpu_us", Unit: "us", Better: Lower,
		Summary: "server CPU time per rejection",
		Value:   func(c *results.Cell) (float64, bool) { return costOf(c).CPUUs, costOf(c).CPUUs > 0 }},
	{Name: "drained_bytes", Unit: "B", Better: Lower,
		Summary: "bytes that the server read and threw away, per rejection",
		Value:   func(c *results.Cell) (float64, bool) { return costOf(c).DrainedPerRejection() }},
	{Name: "peak_open", Better: Lower,
		Summary: "connections open at once on the server",
		Value:   func(c *results.Cell) (float64, bool) { return float64(c.Server.PeakOpen), c.Server.Accepted > 0 }},
}

func percentile(of func(*results.Cell) results.Percentiles, pick func(results.Percentiles) float64) func(*results.Cell) (float64, bool) {
	return func(c *results.Cell) (float64, bool) {
		p := of(c)
		return pick(p), p.Count > 0
	}
}

// P50 returns the median.
func P50(p results.Percentiles) float64 { return p.P50 }

// P99 returns the 99th percentile.
func P99(p results.Percentiles) float64 { return p.P99 }

// Mean returns the mean.
func Mean(p results.Percentiles) float64 { return p.Mean }

// MetricByName returns a metric by its name. share(OUTCOME) is the share of the
// attempts not admitted that have the outcome; share(admitted) is of all attempts.
func MetricByName(name string) (Metric, error) {
	for _, m := range Metrics {
		if m.Name == name {
			return m, nil
		}
	}
	inner, ok := strings.CutPrefix(name, "share(")
	if inner, closed := strings.CutSuffix(inner, ")"); ok && closed {
		o, err := results.ParseOutcome(inner)
		if err != nil {
			return Metric{}, err
		}
		return outcomeShare(o), nil
	}
	return Metric{}, fmt.Errorf("unknown metric %q", name)
}

func outcomeShare(o results.Outcome) Metric {
	m := Metric{Name: "share(" + o.String() + ")", Unit: "%", Summary: "attempts not admitted that ended so: " + results.Outcomes[o].Summary, Better: Lower}
	m.Share = func(c *results.Cell) (int64, int64) { return c.Outcomes[o], c.Attempts - c.Outcomes[results.Admitted] }
	switch {
	case o == results.Admitted:
		m.Better, m.Summary = Higher, "attempts that were admitted"
		m.Share = func(c *results.Cell) (int64, int64) { return c.Outcomes[o], c.Attempts }
	case o == results.Delivered:
		m.Better = Higher
	case o == results.DeliveredThenReset:
		m.Better = Neither
	}
	return m
}
