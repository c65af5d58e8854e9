package analysis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// Quantile is a point of a distribution: a share P of the values, 0 to 1, is at most
// Ms milliseconds.
type Quantile struct {
	P, Ms float64
}

// answerTime is the key in Summary.Times of the time to a delivered answer. The other
// keys are names of outcomes, for the time to the end of the attempts with that
// outcome.
const answerTime = "answer"

// mergeLatency adds the histograms of the cells, each decoded once. Where a cell has
// none, or one that cannot be read, it combines the percentiles of the cells instead.
func (s *Summary) mergeLatency(cells []*results.Cell) {
	s.Times = map[string]*Distribution{}
	rounds := map[string][][]step{} // of each of Times
	decoder := new(histogramDecoder)
	incomplete := map[string]bool{} // by phase
	for i, c := range cells {
		if len(c.Histograms) == 0 && c.Attempts > 0 {
			incomplete["response"], incomplete["end"] = true, true
		}
		for _, key := range slices.Sorted(maps.Keys(c.Histograms)) {
			phase, _, _ := strings.Cut(key, "/")
			if phase != "response" && phase != "end" {
				continue
			}
			name, added, err := s.addHistogram(decoder, key, c.Histograms[key])
			if err != nil && !incomplete[phase] {
				incomplete[phase] = true
				s.Warnings = append(s.Warnings, fmt.Sprintf("round %d: histogram %s cannot be read: %v", c.Round, key, err))
			}
			if len(added) == 0 || len(cells) < results.LeastRounds {
				continue
			}
			if rounds[name] == nil {
				rounds[name] = make([][]step, len(cells))
			}
			rounds[name][i] = append(rounds[name][i], added...) // settle reorders what was added
		}
	}
	var end Distribution
	for name, d := range s.Times {
		if d.settle(); d.total == 0 {
			delete(s.Times, name)
			continue
		}
		d.bound(rounds[name], s.runDispersion)
		if name != answerTime {
			end.steps = append(end.steps, d.steps...)
		}
	}
	end.settle()
	s.Response, s.End = s.Times[answerTime].percentiles(), end.percentiles()
	s.ResponseCurve = s.Times[answerTime].Curve(CurveSteps)
	if incomplete["response"] {
		s.ResponseCurve = nil
		s.Response = combineOf(cells, func(c *results.Cell) results.Percentiles { return c.LatencyMs.Response })
	}
	if incomplete["end"] {
		s.End = combineOf(cells, func(c *results.Cell) results.Percentiles { return c.LatencyMs.End })
	}
}

// addHistogram adds a histogram to its distribution. It returns the name of that in
// Times and the steps that were added. Times to an answer that was not delivered have no
// distribution.
func (s *Summary) addHistogram(decoder *histogramDecoder, key, encoded string) (name string, added []step, err error) {
	phase, name, _ := strings.Cut(key, "/")
	outcome, err := results.ParseOutcome(name)
	if err != nil {
		return "", nil, err
	}
	if phase == "response" {
		if !outcome.IsDelivered() {
			return "", nil, nil
		}
		name = answerTime
	}
	if s.Times[name] == nil {
		s.Times[name] = new(Distribution)
	}
	d := s.Times[name]
	before := len(d.steps)
	err = decoder.add(d, encoded)
	return name, d.steps[before:], err
}

func combineOf(cells []*results.Cell, pick func(*results.Cell) results.Percentiles) results.Percentiles {
	parts := make([]results.Percentiles, len(cells))
	for i, c := range cells {
		parts[i] = pick(c)
	}
	return results.CombinePercentiles(parts)
}
