package results

import (
	"maps"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// uncorrectedPrefix stands before the keys of histograms that count from an attempt's start.
const uncorrectedPrefix = "uncorrected/"

// mergeLatency adds up the histograms of the cells that c is the sum of, and
// makes its percentiles from them. Where one of the cells came without
// histograms, the sum has none either, since it would speak of a part of the
// attempts, and the percentiles of the cells are combined.
func (c *Cell) mergeLatency(group []part) error {
	c.Histograms, c.LatencyUncorrectedMs = nil, nil
	var corrected, uncorrected []*Latency
	for _, p := range group {
		corrected = append(corrected, &p.cell.LatencyMs)
		if l := p.cell.LatencyUncorrectedMs; l != nil {
			uncorrected = append(uncorrected, l)
		}
	}
	if slices.ContainsFunc(group, func(p part) bool { return p.cell.Attempts > 0 && len(p.cell.Histograms) == 0 }) {
		c.LatencyMs = combineLatency(corrected)
		if len(uncorrected) > 0 {
			l := combineLatency(uncorrected)
			c.LatencyUncorrectedMs = &l
		}
		return nil
	}
	merged := map[string]*hdrhistogram.Histogram{}
	for _, p := range group {
		for _, key := range slices.Sorted(maps.Keys(p.cell.Histograms)) {
			h, err := DecodeHistogram(p.cell.Histograms[key])
			if err != nil {
				return p.errorf("histogram %s cannot be read: %w", key, err)
			}
			// The first of a key is what others are added to, if it has our range.
			if merged[key] == nil && h.LowestTrackableValue() == histogramLowest && h.HighestTrackableValue() == histogramHighest && h.SignificantFigures() == histogramDigits {
				merged[key] = h
				continue
			}
			if merged[key] == nil {
				merged[key] = NewHistogram()
			}
			if dropped := merged[key].Merge(h); dropped > 0 {
				return p.errorf("histogram %s has values beyond the two minutes of any other: it cannot be merged", key)
			}
		}
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

// CombinePercentiles joins percentiles whose histograms are not on record.
// Counts add and the mean is weighted; for each percentile the largest of any
// part stands, which the percentile of all values together does not exceed, but
// for the rounding of its rank in a small sample.
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
