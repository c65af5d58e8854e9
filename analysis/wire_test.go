package analysis

import (
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestWireRecordsAddUpOverRoundsAndFates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cells []results.Cell
		var rejections, retransmitted int64
		fates := map[string]int64{}
		most := 0.0
		for round := range rapid.IntRange(1, 5).Draw(t, "rounds") {
			of := map[results.Fate]int64{}
			for _, f := range results.Fates {
				of[f.Fate] = rapid.Int64Range(0, 1000).Draw(t, f.Name)
			}
			c := analysistest.WireOf("close", "blocking", of)
			c.Round = round
			c.Valid = rapid.Bool().Draw(t, "valid")
			c.Wire.Retransmitted = rapid.Int64Range(0, 100).Draw(t, "retransmitted")
			c.Wire.AnswerToResetMs = results.Percentiles{Count: 1, P99: rapid.Float64Range(0, 100).Draw(t, "p99")}
			switch rapid.IntRange(0, 3).Draw(t, "record") {
			case 0:
				c.Wire = nil
			case 1:
				c.Wire.Missed = 1
			}
			if w := c.Wire; c.Valid && w != nil && w.Missed == 0 {
				rejections += w.Rejections
				retransmitted += w.Retransmitted
				for fate, n := range w.Fates {
					fates[fate] += n
				}
				most = max(most, w.AnswerToResetMs.P99)
			}
			cells = append(cells, c)
		}
		s := summarizeCells(cells, nil)[0]
		if s.Wire == nil {
			if len(fates) > 0 {
				t.Fatal("a record was lost")
			}
			return
		}
		var sum int64
		for _, f := range results.Fates {
			sum += s.Fate(f.Fate).K
		}
		if s.Wire.Rejections != rejections || sum != rejections || s.Wire.Retransmitted != retransmitted ||
			s.Wire.AnswerToResetMs.P99 != most || !maps.Equal(s.Wire.Fates, fates) {
			t.Fatalf("%+v; want %d rejections, fates %v", s.Wire, rejections, fates)
		}
	})
}

func TestSummarizeDoesNotChangeWireRecords(t *testing.T) {
	one := analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 3})
	two := analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 4})
	two.Round = 1
	summarizeCells([]results.Cell{one, two}, nil)
	if one.Wire.Fates["read"] != 3 || two.Wire.Fates["read"] != 4 {
		t.Errorf("%v, %v", one.Wire.Fates, two.Wire.Fates)
	}
}
