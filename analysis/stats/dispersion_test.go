package stats

import (
	"testing"
)

func TestDispersionIsThatOfTheRoundsWithinEachRun(t *testing.T) {
	// 10 and 30 of 100 around 20: (10^2 + 10^2) / (100 * 0.2 * 0.8) = 12.5.
	spread := []Stratum{{BaseK: 10, BaseN: 100}, {BaseK: 30, BaseN: 100}}
	if d := NewDispersion(spread); d.DF != 1 || !near(d.Phi, 12.5, 1e-9) {
		t.Errorf("%+v", d)
	}
	// A difference between the runs is no dispersion.
	if d := NewDispersion([]Stratum{{10, 100, 90, 100}, {10, 100, 90, 100}}); d.DF != 2 || d.Phi != 0 || d.Factor() != 1 {
		t.Errorf("%+v", d)
	}
	// One round has no dispersion; shares of 0 and 1 count as independent attempts.
	if d := NewDispersion(spread[:1]); d.DF != 0 || d.Factor() != 1 {
		t.Errorf("%+v", d)
	}
	if d := NewDispersion([]Stratum{{0, 100, 100, 100}, {0, 100, 100, 100}}); d.DF != 2 || d.Phi != 1 {
		t.Errorf("%+v", d)
	}
}
