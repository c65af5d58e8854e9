package main

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

func TestAValidTwinAloneIsNoResult(t *testing.T) {
	invalid, twin := results.Cell{}, results.Cell{Valid: true, Twin: true}
	if anyCounted([]results.Cell{invalid, twin}) {
		t.Error("an invalid cell with a valid twin counts")
	}
	if !anyCounted([]results.Cell{invalid, twin, {Valid: true}}) {
		t.Error("a valid cell does not count")
	}
}
