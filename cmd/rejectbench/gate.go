package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis/compare"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// gateFlag is --gate of `run` as it was given.
type gateFlag struct{ gate string }

func (f *gateFlag) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.gate, "gate", "", "`EFFECT[,RUN]`: make as many rounds as compare --effect EFFECT needs to decide on the delivered share, such as 5%; with the folder of an earlier run of these cells, the plan uses its shares and its dispersion. After ten rounds each cell goes on until its own rounds suffice, to three times the plan at most")
}

// gateSlack is how many times the planned rounds a cell may take.
const gateSlack = 3

// planRounds sets the rounds of a run with --gate, and writes the plan to w.
func (f *gateFlag) planRounds(cmd *cobra.Command, o *sweep.Options, w io.Writer) error {
	fs := cmd.Flags()
	if !fs.Changed("gate") {
		return nil
	}
	for _, other := range []string{"rounds", "precision"} {
		if fs.Changed(other) {
			return usagef("--gate %s, --%s: both set the number of rounds: leave one of them out", f.gate, other)
		}
	}
	if fs.Changed("scenario") {
		return usagef("--gate %s, --scenario: scenarios have their own numbers of attempts: leave one of them out", f.gate)
	}
	word, dir, earlier := strings.Cut(f.gate, ",")
	effect, err := compareShare("gate", word, 1)
	if err != nil {
		return err
	}
	var base *results.Run
	if earlier {
		if dir == "" {
			return usagef("--gate %s: name the folder of an earlier run after the comma, or leave the comma out", f.gate)
		}
		if base, err = openRun(cmd, dir, "planning from"); err != nil {
			return err
		}
	}
	attempts := plannedAttempts(o)
	if attempts == 0 && base == nil {
		return usagef("--gate %s, --duration: the attempts of a cell are unknown before the run: name an earlier run, as in --gate %s,RUN, or replace --duration by --requests", f.gate, word)
	}
	p, err := compare.NewPlan(effect, o.Points, attempts, base)
	if err != nil {
		return usagef("--gate %s: %w", f.gate, err)
	}
	o.Rounds = gateSlack * p.Rounds
	o.Gate = sweep.Gate{Effect: effect, Alpha: compare.DefaultAlpha, Power: compare.GatePower, Pilot: results.RoundGroups, Planned: p.Rounds, Most: o.Rounds}
	for _, line := range p.Lines() {
		fmt.Fprintln(w, "gate: "+line)
	}
	return nil
}

// plannedAttempts returns the smallest number of attempts of any cell in one round; 0
// where a cell runs for a time without a rate.
func plannedAttempts(o *sweep.Options) (least int64) {
	for i, p := range o.Points {
		attempts := o.Requests
		switch {
		case attempts > 0:
		case o.Duration > 0:
			attempts = int64(p.Rate * o.Duration.Seconds())
		default:
			attempts = sweep.DefaultRequests(p.Concurrency)
		}
		if i == 0 || attempts < least {
			least = attempts
		}
	}
	return least
}
