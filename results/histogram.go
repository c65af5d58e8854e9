package results

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of every histogram: 1 microsecond to 2 minutes, in nanoseconds, with 3
// significant digits.
const (
	histogramLowest  = int64(time.Microsecond)
	histogramHighest = int64(2 * time.Minute)
	histogramDigits  = 3
)

// NewHistogram returns an empty histogram of nanoseconds (about 150 KiB).
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(histogramLowest, histogramHighest, histogramDigits)
}

// Record counts one duration in nanoseconds. A value outside the histogram's range
// counts at the nearer end, so that every attempt is counted.
func Record(h *hdrhistogram.Histogram, ns int64) {
	// RecordValue fails only for a value out of range.
	_ = h.RecordValue(min(max(ns, 0), histogramHighest))
}

// Summarise returns the percentiles of a histogram of nanoseconds, in
// milliseconds. A nil histogram counts as empty.
func Summarise(h *hdrhistogram.Histogram) Percentiles {
	if h == nil || h.TotalCount() == 0 {
		return Percentiles{}
	}
	ms := func(ns int64) float64 { return float64(ns) / 1e6 }
	return Percentiles{
		Count: h.TotalCount(),
		Mean:  h.Mean() / 1e6,
		P50:   ms(h.ValueAtQuantile(50)),
		P90:   ms(h.ValueAtQuantile(90)),
		P99:   ms(h.ValueAtQuantile(99)),
		P999:  ms(h.ValueAtQuantile(99.9)),
		Max:   ms(h.Max()),
	}
}

// EncodeHistogram returns the histogram in HdrHistogram V2 compressed form,
// base64, as lines of a .hlog and Cell.Histograms hold it.
func EncodeHistogram(h *hdrhistogram.Histogram) (string, error) {
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return "", fmt.Errorf("encode histogram: %w", err)
	}
	return string(b), nil
}

// DecodeHistogram reads what EncodeHistogram returns.
func DecodeHistogram(s string) (*hdrhistogram.Histogram, error) {
	h, err := hdrhistogram.Decode([]byte(s))
	if err != nil {
		return nil, fmt.Errorf("decode histogram: %w", err)
	}
	return h, nil
}
