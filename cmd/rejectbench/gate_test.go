package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// planned returns the options of a run with --gate, and what it prints.
func planned(t *testing.T, o sweep.Options, args ...string) (sweep.Options, string, error) {
	t.Helper()
	var f runFlags
	cmd := f.command()
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	err := f.planRounds(cmd, &o, &b)
	return o, b.String(), err
}

func TestAGateSetsTheRoundsAndSaysWhatTheyFind(t *testing.T) {
	points := []results.Point{{Strategy: "close", Concurrency: 100}, {Strategy: "close", Concurrency: 10}}
	for _, c := range []struct {
		options sweep.Options
		args    []string
		rounds  int
		says    string
	}{
		{sweep.Options{Points: points, Rounds: 7}, nil, 7, ""},
		{sweep.Options{Points: points}, []string{"--gate", "5%"}, 3 * 65, "gate: about 65 rounds of 60 attempts in each cell (dispersion 1.5, assumed);\n"},
		{sweep.Options{Points: points, Requests: 400}, []string{"--gate", "5%"}, 3 * 10, "gate: about 10 rounds of 400 attempts"},
		{sweep.Options{Points: points[:1], Requests: 100}, []string{"--gate", "10%"}, 3 * 10, "gate: about 10 rounds of 100 attempts in each cell "},
	} {
		o, says, err := planned(t, c.options, c.args...)
		if err != nil || o.Rounds != c.rounds || !strings.HasPrefix(says, c.says) || (says == "") != (c.says == "") {
			t.Errorf("%v: %d rounds, %v, %q", c.args, o.Rounds, err, says)
		}
	}
	rated := sweep.Options{Points: []results.Point{{Rate: 50}}, Duration: 2 * time.Second}
	if n := plannedAttempts(&rated); n != 100 {
		t.Errorf("50 a second for 2 s are %d", n)
	}
}

func TestAGateThatCannotBePlannedIsWrongUsage(t *testing.T) {
	point := []results.Point{{Strategy: "close", Concurrency: 10}}
	for _, c := range []struct {
		options sweep.Options
		args    []string
		want    string
	}{
		{sweep.Options{Points: point}, []string{"--gate", "5"}, `--gate "5": write it as a percentage`},
		{sweep.Options{Points: point}, []string{"--gate", "0.1%"}, "--gate 0.1%: more than 1000 rounds of 60 attempts"},
		{sweep.Options{Points: point}, []string{"--gate", "5%", "--rounds", "3"}, "--gate 5%, --rounds: both set"},
		{sweep.Options{Points: point}, []string{"--gate", "5%", "--precision", "1%"}, "--gate 5%, --precision: both set"},
		{sweep.Options{Points: point}, []string{"--gate", "5%", "--scenario", "all"}, "--gate 5%, --scenario: scenarios have"},
		{sweep.Options{Points: point, Duration: time.Second}, []string{"--gate", "5%", "--duration", "1s"}, "--gate 5%, --duration: the attempts of a cell are unknown"},
		{sweep.Options{Points: point}, []string{"--gate", "5%,nosuch"}, "read the run's manifest: open nosuch"},
	} {
		_, _, err := planned(t, c.options, c.args...)
		if usage := (usageError{}); !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}
