package analysis

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// wireOf is a valid cell in which the answers had these fates.
func wireOf(strategy, client string, fates map[results.Fate]int64) results.Cell {
	var n int64
	w := &results.Wire{Resets: map[string]int64{}, Fates: map[string]int64{}, FateOutcomes: map[string]map[string]int64{}}
	for fate, k := range fates {
		w.Fates[fate.String()] = k
		n += k
	}
	w.Connections, w.Rejections = n, n
	w.Agreement = results.WireAgreement{Wire: n, Fleet: n, Server: n, Agreed: n}
	c := cellOf(strategy, client, 50, 1<<20, fates[results.Read], n)
	c.Wire = w
	return c
}

func TestWhatTheWireSawAddsUpOverRoundsAndFates(t *testing.T) {
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
			c := wireOf("close", "blocking", of)
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
		s := Summarize(cells, nil)[0]
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

func TestAddingUpLeavesTheRecordsAlone(t *testing.T) {
	one := wireOf("close", "blocking", map[results.Fate]int64{results.Read: 3})
	two := wireOf("close", "blocking", map[results.Fate]int64{results.Read: 4})
	two.Round = 1
	Summarize([]results.Cell{one, two}, nil)
	if one.Wire.Fates["read"] != 3 || two.Wire.Fates["read"] != 4 {
		t.Errorf("%v, %v", one.Wire.Fates, two.Wire.Fates)
	}
}

func TestAnswersThatArrivedAndWereNotReadAreSaidToBe(t *testing.T) {
	got := findings(
		wireOf("close", "blocking", map[results.Fate]int64{results.Read: 500, results.ArrivedNotRead: 500}),
		wireOf("shutdown", "blocking", map[results.Fate]int64{results.Read: 900, results.ArrivedNotRead: 100}),
		wireOf("lingering-close", "blocking", map[results.Fate]int64{results.Read: 1000}),
	)
	want := "Of the answers lost under close and shutdown with blocking clients all had arrived whole in the client's kernel and were not read by its code, none was lost elsewhere: 100% (95% CI 99.36–100, n=600)."
	if !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestStrategiesThatLoseInOtherPlacesGetOtherSentences(t *testing.T) {
	got := findings(
		wireOf("close", "blocking", map[results.Fate]int64{results.Read: 800, results.ArrivedNotRead: 180, results.LostOnPath: 20}),
		wireOf("shutdown", "blocking", map[results.Fate]int64{results.Read: 900, results.LostOnPath: 100}),
	)
	for _, want := range []string{
		"Of the answers lost under close with blocking clients 90.0% (95% CI 85.1–93.4, n=200) had arrived whole in the client's kernel and were not read by its code and 10.0% (95% CI 6.6–14.9, n=200) were lost on the path.",
		"Of the answers lost under shutdown with blocking clients all were lost on the path, none was lost elsewhere: 100% (95% CI 96.3–100, n=100).",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestTooFewLostAnswersAreNotSaidToBeMostlyLostAnywhere(t *testing.T) {
	got := findings(wireOf("close", "blocking", map[results.Fate]int64{results.Read: 998, results.ArrivedNotRead: 1, results.LostOnPath: 1}))
	if !strings.Contains(got, "cannot be told: 50.0% (95% CI 9.5–90.5, n=2) had arrived") || strings.Contains(got, "Of the answers lost") {
		t.Error(got)
	}
}

func TestRecoveryIsSaidOnlyWherePacketsWereSentAgainAndEveryAnswerWasRead(t *testing.T) {
	again := func(fates map[results.Fate]int64, n int64) string {
		c := wireOf("lingering-close", "duplex", fates)
		c.Wire.Retransmitted = n
		return findings(c)
	}
	const claim = "had to be sent again"
	if got := again(map[results.Fate]int64{results.Read: 1000}, 12); !strings.Contains(got, claim) || !strings.Contains(got, "12 packets") {
		t.Error(got)
	}
	for name, got := range map[string]string{
		"nothing was sent again": again(map[results.Fate]int64{results.Read: 1000}, 0),
		"an answer was lost":     again(map[results.Fate]int64{results.Read: 999, results.LostOnPath: 1}, 12),
	} {
		if strings.Contains(got, claim) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestDisagreeingLedgersAreNamedEvenOfInvalidCells(t *testing.T) {
	c := wireOf("close", "blocking", map[results.Fate]int64{results.Read: 10})
	c.Valid = false
	c.Wire.Agreement.Disagreed = 1
	c.Wire.Agreement.Disagreements = []results.WireDisagreement{{ClientPort: 40001, What: "the fleet read more than arrived", Wire: "<wire>", Fleet: "<fleet>"}}
	var b strings.Builder
	if err := Table(&b, Summarize([]results.Cell{c}, nil)); err != nil {
		t.Fatal(err)
	}
	if want := "1 of 10 connections disagree; port 40001: the fleet read more than arrived (wire: <wire>; fleet: <fleet>; server: nothing)"; !strings.Contains(b.String(), want) {
		t.Error(b.String())
	}
}

func TestPointsOfDifferentImpairmentsNeverShareAPanel(t *testing.T) {
	run := synthetic(t, tinyGrid())
	other := synthetic(t, tinyGrid())
	for i := range other.Cells {
		other.Cells[i].Impairments = "jitter 5ms"
	}
	run.Cells = append(run.Cells, other.Cells...)
	f := newFacets(NewStudy(run))
	for _, row := range f.rows {
		for _, body := range f.bodies {
			for _, s := range f.panel(row, body) {
				if s.Impairments != row.point.Impairments {
					t.Errorf("%v in a panel of %q", s.Point, row.point.Impairments)
				}
			}
		}
		want := "no other impairment"
		if row.point.Impairments != "" {
			want = row.point.Impairments
		}
		if !strings.Contains(row.description, want) {
			t.Errorf("%q does not name %q", row.description, want)
		}
	}
	if all := newFacets(NewStudy(other)); !strings.Contains(all.conditions(), "jitter 5ms") {
		t.Errorf("the subtitle %q does not name what all panels share", all.conditions())
	}
}
