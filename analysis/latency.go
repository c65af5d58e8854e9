package analysis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// Quantile is one point of a distribution: the share P of values, 0 to 1, that
// are at most Ms milliseconds.
type Quantile struct {
	P, Ms float64
}

// curveSteps is the number of curve points for each further nine of the percentile.
const curveSteps = 20

// mergeLatency merges the cells' histograms. Where a cell came without them,
// the percentiles of the cells are combined instead.
func (s *Summary) mergeLatency(cells []results.Cell) {
	response, okResponse := s.mergeHistograms(cells, "response", results.Outcome.IsDelivered)
	end, okEnd := s.mergeHistograms(cells, "end", func(results.Outcome) bool { return true })
	if okResponse {
		s.Response, s.ResponseCurve = results.Summarise(response), curve(response)
	} else {
		s.Response = combineOf(cells, func(c results.Cell) results.Percentiles { return c.LatencyMs.Response })
	}
	if okEnd {
		s.End = results.Summarise(end)
	} else {
		s.End = combineOf(cells, func(c results.Cell) results.Percentiles { return c.LatencyMs.End })
	}
}

// mergeHistograms adds the histograms of one phase over all cells and the
// wanted outcomes. It reports false when a cell has no histogram at all or one
// that cannot be read, which it puts on record.
func (s *Summary) mergeHistograms(cells []results.Cell, phase string, want func(results.Outcome) bool) (*hdrhistogram.Histogram, bool) {
	merged := results.NewHistogram()
	for _, c := range cells {
		if len(c.Histograms) == 0 && c.Attempts > 0 {
			return nil, false
		}
		for _, key := range slices.Sorted(maps.Keys(c.Histograms)) {
			name, ok := strings.CutPrefix(key, phase+"/")
			if !ok {
				continue
			}
			outcome, err := results.ParseOutcome(name)
			if err == nil && !want(outcome) {
				continue
			}
			var h *hdrhistogram.Histogram
			if err == nil {
				h, err = results.DecodeHistogram(c.Histograms[key])
			}
			if err != nil {
				s.Warnings = append(s.Warnings, fmt.Sprintf("round %d: histogram %s cannot be read: %v", c.Round, key, err))
				return nil, false
			}
			merged.Merge(h)
		}
	}
	return merged, true
}

// curve samples a histogram evenly on the scale of 1/(1-p), up to the last
// percentile that one value stands for.
func curve(h *hdrhistogram.Histogram) []Quantile {
	n := h.TotalCount()
	if n == 0 {
		return nil
	}
	last := int(math.Floor(math.Log10(float64(n)) * curveSteps))
	points := make([]Quantile, 0, last+1)
	for i := range last + 1 {
		p := 1 - math.Pow(10, -float64(i)/curveSteps)
		points = append(points, Quantile{p, float64(h.ValueAtQuantile(p*100)) / 1e6})
	}
	return points
}

// combine joins percentiles whose histograms are not on record. Counts add and
// the mean is weighted; for each percentile the largest of any cell stands,
// which the percentile of all values together does not exceed, but for the
// rounding of its rank in a small sample.
func combine(parts []results.Percentiles) results.Percentiles {
	var all results.Percentiles
	var sum float64
	for _, p := range parts {
		if p.Count == 0 {
			continue
		}
		all.Count += p.Count
		sum += p.Mean * float64(p.Count)
		all.P50 = max(all.P50, p.P50)
		all.P90 = max(all.P90, p.P90)
		all.P99 = max(all.P99, p.P99)
		all.P999 = max(all.P999, p.P999)
		all.Max = max(all.Max, p.Max)
	}
	if all.Count > 0 {
		all.Mean = sum / float64(all.Count)
	}
	return all
}

func combineOf(cells []results.Cell, pick func(results.Cell) results.Percentiles) results.Percentiles {
	parts := make([]results.Percentiles, len(cells))
	for i, c := range cells {
		parts[i] = pick(c)
	}
	return combine(parts)
}
