package analysis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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
	d := new(histogramReader)
	response, okResponse := s.mergeHistograms(d, cells, "response", results.Outcome.IsDelivered)
	end, okEnd := s.mergeHistograms(d, cells, "end", func(results.Outcome) bool { return true })
	if okResponse {
		s.Response, s.ResponseCurve = response.percentiles(), response.curve(curveSteps)
	} else {
		s.Response = combineOf(cells, func(c results.Cell) results.Percentiles { return c.LatencyMs.Response })
	}
	if okEnd {
		s.End = end.percentiles()
	} else {
		s.End = combineOf(cells, func(c results.Cell) results.Percentiles { return c.LatencyMs.End })
	}
}

// mergeHistograms adds the histograms of one phase over all cells and the
// wanted outcomes. It reports false when a cell has no histogram at all or one
// that cannot be read, which it puts on record.
func (s *Summary) mergeHistograms(d *histogramReader, cells []results.Cell, phase string, want func(results.Outcome) bool) (distribution, bool) {
	var merged distribution
	for _, c := range cells {
		if len(c.Histograms) == 0 && c.Attempts > 0 {
			return distribution{}, false
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
			if err == nil {
				err = d.add(&merged, c.Histograms[key])
			}
			if err != nil {
				s.Warnings = append(s.Warnings, fmt.Sprintf("round %d: histogram %s cannot be read: %v", c.Round, key, err))
				return distribution{}, false
			}
		}
	}
	merged.settle()
	return merged, true
}

// combine joins percentiles whose histograms are not on record.
func combine(parts []results.Percentiles) results.Percentiles {
	return results.CombinePercentiles(parts)
}

func combineOf(cells []results.Cell, pick func(results.Cell) results.Percentiles) results.Percentiles {
	parts := make([]results.Percentiles, len(cells))
	for i, c := range cells {
		parts[i] = pick(c)
	}
	return combine(parts)
}
