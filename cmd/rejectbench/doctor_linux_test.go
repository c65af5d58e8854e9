package main

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rejectbench/rejectbench/cmd/internal/calibrate"
)

func TestCalibrationExitCodeFollowsItsChecks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s")
	}
	needDelays(t)
	p := start(t, "doctor", "--calibrate", "--format", "json")
	stdout, code := p.wait()
	var c calibrate.Result
	if err := json.Unmarshal([]byte(stdout), &c); err != nil {
		t.Fatalf("%v: exit code %d, %s%s", err, code, stdout, p.stderr)
	}
	// A busy machine may make the path late, but what is lost and what arrives does
	// not depend on time.
	exact := []string{"lost up", "lost down", "lost by the path's count", "upload read by the server"}
	outside := 0
	for _, check := range c.Checks {
		if check.Count == 0 || check.Note != "" {
			t.Errorf("nothing was measured: %+v", check)
		}
		if check.Within {
			continue
		}
		outside++
		if c.Path == "delayline" && slices.Contains(exact, check.What) {
			t.Errorf("%+v", check)
		}
	}
	if len(c.Checks) < 13 || c.Within != (outside == 0) || c.Outside() != outside {
		t.Errorf("%d of %d checks are out of bounds, and within is %v", outside, len(c.Checks), c.Within)
	}
	if want := map[bool]int{true: exitDone, false: exitFailed}[c.Within]; code != want {
		t.Errorf("exit code %d, want %d: %s", code, want, p.stderr)
	}
}

func TestCalibrationRefusesPathsThatCannotDelay(t *testing.T) {
	for _, args := range [][]string{
		{"--calibrate", "--path", "loopback"},
		{"--calibrate", "--path", "nosuch"},
		{"--calibrate", "--format", "nosuch"},
		{"--path", "delayline"},
	} {
		if stdout, stderr, code := rejectbench(append([]string{"doctor"}, args...)...); code != exitUsage || stdout != "" || stderr == "" {
			t.Errorf("%v: exit code %d, want %d; %s%s", args, code, exitUsage, stdout, stderr)
		}
	}
}
