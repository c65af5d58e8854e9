package main

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// Without any flag, tune once measured the first point of run's default grid:
// linger-zero without a delay.
func TestTuneWithoutFlagsMeasuresItsDocumentedDefaults(t *testing.T) {
	var f tuneFlags
	cmd := f.command()
	if err := cmd.ParseFlags(nil); err != nil {
		t.Fatal(err)
	}
	o, err := f.options(cmd.Flags())
	if err != nil {
		t.Fatal(err)
	}
	want := results.Point{Strategy: "lingering-close", Client: "blocking", RTTMs: 50, BodyBytes: 1 << 20}
	if o.Point != want || o.Setting.Name != "linger-total" || o.Cells.Points[0] != want {
		t.Errorf("setting %s at %+v, want %+v", o.Setting.Name, o.Point, want)
	}
}
