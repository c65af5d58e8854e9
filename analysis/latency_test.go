package analysis

import (
	"math"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// anyHistogram draws a histogram with the geometry of those in cells.
func anyHistogram(t *rapid.T) *hdrhistogram.Histogram {
	h := results.NewHistogram()
	for _, ns := range rapid.SliceOfN(rapid.Int64Range(0, 130e9), 1, 200).Draw(t, "ns") {
		results.Record(h, ns)
	}
	if rapid.Bool().Draw(t, "heavy") {
		_ = h.RecordValues(rapid.Int64Range(1, 100e9).Draw(t, "value"), rapid.Int64Range(1, 1e7).Draw(t, "count"))
	}
	return h
}

func TestDistributionEqualsTheMergedHistograms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d Distribution
		var r histogramDecoder
		all := results.NewHistogram()
		for range rapid.IntRange(0, 4).Draw(t, "cells") {
			h := anyHistogram(t)
			text, err := results.EncodeHistogram(h)
			if err != nil {
				t.Fatal(err)
			}
			before := len(d.steps)
			if !r.addOurs(&d, text) {
				t.Fatal("not read without the library")
			}
			if len(d.steps) == before {
				t.Fatal("nothing was added")
			}
			all.Merge(h)
		}
		d.settle()
		want, got := results.Summarise(all), d.percentiles()
		if math.Abs(want.Mean-got.Mean) > 1e-9*want.Mean {
			t.Fatalf("mean %v, want %v", got.Mean, want.Mean)
		}
		if got.Mean = want.Mean; got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		for _, q := range d.Curve(CurveSteps) {
			if want := float64(all.ValueAtQuantile(q.P*100)) / 1e6; q.Ms != want {
				t.Fatalf("at %v: %v ms, want %v", q.P, q.Ms, want)
			}
		}
	})
}

func TestHistogramsOfOtherGeometriesAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := hdrhistogram.New(1, 3600e9, rapid.IntRange(2, 4).Draw(t, "digits"))
		ns := rapid.Int64Range(1e3, 100e9).Draw(t, "ns")
		if err := h.RecordValue(ns); err != nil {
			t.Fatal(err)
		}
		text, err := results.EncodeHistogram(h)
		if err != nil {
			t.Fatal(err)
		}
		var d Distribution
		if err := new(histogramDecoder).add(&d, text); err != nil {
			t.Fatal(err)
		}
		d.settle()
		if got := d.percentiles(); got.Count != 1 || math.Abs(got.Max*1e6-float64(ns)) > 0.02*float64(ns)+512 {
			t.Fatalf("%d ns came back as %+v", ns, got)
		}
	})
}

func FuzzDecoderReadsHistogramsAsTheLibraryDoes(f *testing.F) {
	h := results.NewHistogram()
	for _, ns := range []int64{0, 1e3, 5e6, 5e6, 120e9} {
		results.Record(h, ns)
	}
	text, err := results.EncodeHistogram(h)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("")
	f.Add("HISTFAAAACx42pJpmSzMwMDAygABzFDqBQMDg/SHvg0M9h8gIh/L2RyZAAEAAP//h4UHYw==")
	f.Fuzz(func(t *testing.T, text string) {
		var d Distribution
		if !new(histogramDecoder).addOurs(&d, text) {
			return
		}
		d.settle()
		h, err := results.DecodeHistogram(text)
		if err != nil {
			t.Fatalf("the library does not read it: %v", err)
		}
		if h.TotalCount() != d.total {
			t.Fatalf("%d values, the library has %d", d.total, h.TotalCount())
		}
		if d.total > 0 && float64(h.Max())/1e6 != d.percentiles().Max {
			t.Fatalf("max %v, the library has %v", d.percentiles().Max, float64(h.Max())/1e6)
		}
	})
}
