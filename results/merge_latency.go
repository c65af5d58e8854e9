package results

import (
	"maps"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// uncorrectedPrefix begins the keys of histograms measured from the start of an attempt.
const uncorrectedPrefix = "uncorrected/"

// mergeLatency adds the histograms of the group, of which c is the sum, and computes
// the percentiles of c from them. Where a cell has no histograms, c has none either,
// since they would cover only some of the attempts, and the percentiles of the cells
// are combined.
func (c *Cell) mergeLatency(group []sourceCell) error {
	c.Histograms, c.LatencyUncorrectedMs = nil, nil
	var corrected, uncorrected []*Latency
	for _, s := range group {
		corrected = append(corrected, &s.cell.LatencyMs)
		if l := s.cell.LatencyUncorrectedMs; l != nil {
			uncorrected = append(uncorrected, l)
		}
	}
	if slices.ContainsFunc(group, func(s sourceCell) bool { return s.cell.Attempts > 0 && len(s.cell.Histograms) == 0 }) {
		c.LatencyMs = combineLatency(corrected)
		if len(uncorrected) > 0 {
			l := combineLatency(uncorrected)
			c.LatencyUncorrectedMs = &l
		}
		return nil
	}
	merged, err := mergeHistograms(group)
	if err != nil {
		return err
	}
	c.LatencyMs = latencyOf(merged, "")
	if len(uncorrected) > 0 {
		l := latencyOf(merged, uncorrectedPrefix)
		c.LatencyUncorrectedMs = &l
	}
	for key, h := range merged {
		s, err := EncodeHistogram(h)
		if err != nil {
			return err
		}
		if c.Histograms == nil {
			c.Histograms = map[string]string{}
		}
		c.Histograms[key] = s
	}
	return nil
}

// mergeHistograms adds the histograms of the cells, by key.
func mergeHistograms(group []sourceCell) (map[string]*hdrhistogram.Histogram, error) {
	merged := map[string]*hdrhistogram.Histogram{}
	for _, s := range group {
		for _, key := range slices.Sorted(maps.Keys(s.cell.Histograms)) {
			h, err := DecodeHistogram(s.cell.Histograms[key])
			if err != nil {
				return nil, s.errorf("histogram %s cannot be read: %w", key, err)
			}
			// The first histogram of a key takes the others, if it has the range of NewHistogram.
			if merged[key] == nil && h.LowestTrackableValue() == histogramLowest && h.HighestTrackableValue() == histogramHighest && h.SignificantFigures() == histogramDigits {
				merged[key] = h
				continue
			}
			if merged[key] == nil {
				merged[key] = NewHistogram()
			}
			if dropped := merged[key].Merge(h); dropped > 0 {
				return nil, s.errorf("histogram %s has values above two minutes, the range of all others: it cannot be merged", key)
			}
		}
	}
	return merged, nil
}

// latencyOf summarises the histograms of each phase, all outcomes together.
func latencyOf(histograms map[string]*hdrhistogram.Histogram, prefix string) Latency {
	all := NewHistogram()
	phase := func(name string) Percentiles {
		var of []*hdrhistogram.Histogram
		for key, h := range histograms {
			if strings.HasPrefix(key, prefix+name+"/") {
				of = append(of, h)
			}
		}
		if len(of) == 1 {
			return Summarise(of[0])
		}
		all.Reset()
		for _, h := range of {
			all.Merge(h)
		}
		return Summarise(all)
	}
	return Latency{Connect: phase("connect"), Response: phase("response"), End: phase("end")}
}

func combineLatency(parts []*Latency) Latency {
	of := func(pick func(*Latency) Percentiles) Percentiles {
		var all []Percentiles
		for _, l := range parts {
			all = append(all, pick(l))
		}
		return CombinePercentiles(all)
	}
	return Latency{
		Connect:  of(func(l *Latency) Percentiles { return l.Connect }),
		Response: of(func(l *Latency) Percentiles { return l.Response }),
		End:      of(func(l *Latency) Percentiles { return l.End }),
	}
}

// CombinePercentiles combines percentiles whose histograms are not on record.
// Counts are added, and the mean is weighted by them. Each percentile is the largest
// of any part. The percentile of all values together does not exceed it, except by
// the rounding of its rank in a small sample.
func CombinePercentiles(parts []Percentiles) Percentiles {
	var all Percentiles
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
