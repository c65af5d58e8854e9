package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// firstCalibration is the step that calibrates. A second one, whose name begins
// with it, follows if a random check failed.
const firstCalibration = "calibrate"

// calibration is the output of `rejectbench doctor --calibrate`.
type calibration struct {
	step, status    string
	path            string         // from its last line
	within, outside map[string]int // rows, by check
}

var columns = regexp.MustCompile(` {2,}`)

// read parses a line of the table, or the line below it.
func (c *calibration) read(line string) {
	if path, _, ok := strings.Cut(line, " path: "); ok {
		c.path = path
		return
	}
	row := columns.Split(line, -1)
	if len(row) != 6 {
		return
	}
	switch check, verdict := row[0], row[5]; {
	case verdict == "within":
		c.within[check]++
	case strings.HasPrefix(verdict, "OUT OF BOUNDS"):
		c.outside[check]++
	}
}

// Checks that do not depend on the speed of the CPU, with the number of rows of
// each, one for every lost share. An exact path fails a check of byChance now and
// then.
var (
	certain  = map[string]int{"lost by the path's count": 3, "upload read by the server": 1}
	byChance = map[string]int{"lost up": 3, "lost down": 3}
)

// checkCalibrations checks what must hold on any machine: the calibration measured
// netem, losses are within bounds, and its exit status matches its verdict. Times
// are those of the emulated CPU and are not checked.
func (c *checker) checkCalibrations() {
	for i, one := range c.calibrations {
		if one.path != "netem" {
			c.fail("step %s calibrated the path %q", one.step, one.path)
		}
		if want := map[bool]string{true: "0", false: "1"}[len(one.outside) == 0]; one.status != want {
			c.fail("step %s ended with %s, want %s for its verdict", one.step, one.status, want)
		}
		expectRows := func(rows map[string]int, mustBeWithin bool) {
			for _, check := range slices.Sorted(maps.Keys(rows)) {
				if all := one.within[check] + one.outside[check]; all != rows[check] {
					c.fail("step %s checked %q %d times, want %d", one.step, check, all, rows[check])
				}
				if mustBeWithin && one.outside[check] > 0 {
					c.fail("step %s: %s is out of bounds", one.step, check)
				}
			}
		}
		expectRows(certain, true)
		expectRows(byChance, i == len(c.calibrations)-1)
		if len(one.outside) > 0 {
			fmt.Printf("step %s: out of bounds: %v\n", one.step, slices.Sorted(maps.Keys(one.outside)))
		}
	}
}
