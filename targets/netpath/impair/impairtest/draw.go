// Package impairtest makes impairments for tests: random ones, and those of a text.
package impairtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Parse returns the impairments that a text in the grammar describes. An invalid
// text ends the test.
func Parse(t testing.TB, text string) impair.Set {
	t.Helper()
	file := filepath.Join(t.TempDir(), "path")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	im, err := impair.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// OneWay draws the impairment of one direction, any that Check accepts.
func OneWay(t *rapid.T) impair.OneWay {
	share := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1), rapid.Float64Range(0, 0.01))
	im := impair.OneWay{
		Delay:        time.Duration(rapid.Int64Range(0, int64(impair.MaxDelay)).Draw(t, "delay")),
		Distribution: impair.Distribution(rapid.IntRange(0, int(impair.Normal)).Draw(t, "distribution")),
		Duplicate:    share.Draw(t, "duplicate"),
	}
	im.Jitter = time.Duration(rapid.Int64Range(0, int64(im.Delay)).Draw(t, "jitter"))
	if im.Delay > 0 {
		im.Reorder = share.Draw(t, "reorder")
	}
	im.LossBurst = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1, impair.MaxLossBurst), rapid.Float64Range(1, 10)).Draw(t, "burst")
	im.Loss = share.Draw(t, "loss")
	if im.LossBurst > 1 && im.Loss < 1 {
		im.Loss = min(im.Loss, im.LossBurst/(im.LossBurst+1))
	}
	if rapid.Bool().Draw(t, "limited") {
		im.Rate = rapid.OneOf(rapid.Int64Range(impair.MinRate, impair.MaxRate), rapid.Map(rapid.Int64Range(1, 1000), func(n int64) int64 { return n * 1e6 })).Draw(t, "rate")
		switch rapid.IntRange(0, 2).Draw(t, "queue") {
		case 1:
			im.QueueBytes = rapid.Int64Range(1, impair.MaxQueueBytes).Draw(t, "bytes")
		case 2:
			im.QueueTime = time.Duration(rapid.Int64Range(1, int64(impair.MaxQueueTime)).Draw(t, "time"))
		}
	}
	return im
}

// Set draws those of a path, any that Check accepts.
func Set(t *rapid.T) impair.Set {
	im := impair.Set{
		Up:    OneWay(t),
		Fault: impair.Fault(rapid.IntRange(0, len(impair.Faults)-1).Draw(t, "fault")),
	}
	im.Down = im.Up
	if rapid.Bool().Draw(t, "asymmetric") {
		im.Down = OneWay(t)
	}
	return im
}
