package results

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

func newHistogram(ns []int64) *hdrhistogram.Histogram {
	h := NewHistogram()
	for _, v := range ns {
		Record(h, v)
	}
	return h
}

func TestHistogramSurvivesEncodingAndDecoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := newHistogram(durations().Draw(t, "ns"))
		s, err := EncodeHistogram(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeHistogram(s)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equals(want) || Summarise(got) != Summarise(want) {
			t.Fatalf("wrote %+v, read %+v", Summarise(want), Summarise(got))
		}
	})
}

func TestRecordCountsEveryDurationWhateverItsSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := durations().Draw(t, "ns")
		p := Summarise(newHistogram(ns))
		if p.Count != int64(len(ns)) {
			t.Fatalf("%d durations, %d counted", len(ns), p.Count)
		}
		if p.P50 > p.P90 || p.P90 > p.P99 || p.P99 > p.P999 || p.P999 > p.Max {
			t.Fatalf("percentiles out of order: %+v", p)
		}
	})
}

func TestSummariseReturnsMillisecondsWithThreeDigits(t *testing.T) {
	p := Summarise(newHistogram([]int64{int64(20 * time.Millisecond)}))
	for name, got := range map[string]float64{"mean": p.Mean, "p50": p.P50, "p99": p.P99, "max": p.Max} {
		if got < 19.98 || got > 20.02 {
			t.Errorf("%s of one duration of 20 ms is %v", name, got)
		}
	}
	if got := Summarise(nil); got != (Percentiles{}) {
		t.Errorf("a missing histogram sums up to %+v", got)
	}
}

func TestDecodeHistogramRefusesDamage(t *testing.T) {
	whole, err := EncodeHistogram(newHistogram([]int64{1e6}))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", "!", "AAAA", whole[:len(whole)/2]} {
		if _, err := DecodeHistogram(s); err == nil {
			t.Errorf("DecodeHistogram(%q) took it", s)
		}
	}
}

func TestLatencyLogReadsBackWithTagsCountsAndUnits(t *testing.T) {
	dir := t.TempDir()
	// Neither moment is a whole second: the log's times are relative to its base.
	started := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	w, err := Create(dir, Manifest{Tool: "rejectbench test", Started: started})
	if err != nil {
		t.Fatal(err)
	}
	cell := Cell{
		Point: Point{Strategy: "close", Client: "blocking", RTTMs: 20, Concurrency: 10, BodyBytes: 65536, Loss: 0.01}, Round: 2,
		Started: started.Add(1500 * time.Millisecond), Seconds: 0.25, Histograms: map[string]string{},
	}
	want := map[string]*hdrhistogram.Histogram{
		"connect/delivered": newHistogram([]int64{20e6, 21e6, 22e6}),
		"end/reset-send":    newHistogram([]int64{40e6}),
	}
	for key, h := range want {
		if cell.Histograms[key], err = EncodeHistogram(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Append(cell); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, LatencyFile))
	if err != nil {
		t.Fatal(err)
	}
	r := hdrhistogram.NewHistogramLogReader(bytes.NewReader(log))
	for _, key := range []string{"connect/delivered", "end/reset-send"} {
		h, err := r.NextIntervalHistogram()
		if err != nil || h == nil {
			t.Fatalf("%s: %v, %v", key, h, err)
		}
		tag := "close;blocking;rtt=20ms;c=10;body=65536;loss=0.01;limit=0;rate=0;round=2;try=0;" + key
		if h.Tag() != tag {
			t.Errorf("the tag is %q, want %q", h.Tag(), tag)
		}
		if !h.Equals(want[key]) {
			t.Errorf("%s: %d values with a maximum of %d ns", key, h.TotalCount(), h.Max())
		}
		// The reader cuts seconds in floating point to whole milliseconds.
		if off := h.StartTimeMs() - cell.Started.UnixMilli(); off < -1 || off > 0 {
			t.Errorf("%s starts %d ms off the cell's start", key, off)
		}
		if length := h.EndTimeMs() - h.StartTimeMs(); length < 249 || length > 251 {
			t.Errorf("%s is %d ms long, want 250", key, length)
		}
	}
	if h, err := r.NextIntervalHistogram(); h != nil || err != nil {
		t.Errorf("after the last histogram: %v, %v", h, err)
	}
	// The third number of a line is the maximum in milliseconds.
	if !strings.Contains(string(log), ",0.250000,40.0") {
		t.Errorf("no interval of 0.25 s with a maximum of 40 ms in:\n%s", log)
	}
}

func TestTagsNeverBreakTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cells().Draw(t, "cell")
		word := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune(", \t\r\n;=")), rapid.Rune()))
		c.Strategy, c.Client = word.Draw(t, "strategy"), word.Draw(t, "client")
		tag := tag(c, word.Draw(t, "key"))
		if strings.ContainsAny(tag, ", \t\r\n") {
			t.Fatalf("tag %q", tag)
		}
		var log bytes.Buffer
		h := newHistogram([]int64{1e6})
		h.SetTag(tag)
		if err := hdrhistogram.NewHistogramLogWriter(&log).OutputIntervalHistogram(h); err != nil {
			t.Fatal(err)
		}
		got, err := hdrhistogram.NewHistogramLogReader(&log).NextIntervalHistogram()
		if err != nil || got == nil || got.Tag() != tag {
			t.Fatalf("tag %q was read back as %v, %v", tag, got, err)
		}
	})
}
