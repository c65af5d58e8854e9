package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis/tune"
	tuner "github.com/rejectbench/rejectbench/cmd/internal/tune"
	"github.com/rejectbench/rejectbench/results"
)

// tuneFile is the file, within a tuning's folder, with the result that --format json
// prints.
const tuneFile = "tune.json"

// tuneFlags are the flags of `tune` as they were given.
type tuneFlags struct {
	cellFlags
	// The one point of the grid that is measured.
	axisValues
	client string // a mix of clients
	// What is searched for.
	setting, target, confidence, objective string
	budget                                 time.Duration
	seed                                   int64
	// What is kept and printed.
	out, format string
	quiet       bool
}

// tuneDefaults are the defaults of the flags of axes that differ from those of `run`.
var tuneDefaults = map[string]string{"rtt": "50ms", "concurrency": "auto", "body": "1MiB"}

// notTuned are the flags of axes that the point of a search does not have in the table's
// form.
var notTuned = map[string]bool{
	"strategy":    true, // among the flags of the goal
	"client":      true, // a mix of clients with weights
	"nth-request": true, // not offered: the search always measures the first request
}

// tuneName is the name of every tuning in its manifest, and in its folder's name.
const tuneName = "tune"

func tuneCommand() *cobra.Command { return new(tuneFlags).command() }

// command returns the command that reads its flags into f.
func (f *tuneFlags) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "find the cheapest setting that delivers a target share",
		Long: `Find the cheapest value of a strategy's setting that delivers a target share of
the rejections. The search measures candidates of a geometric grid in small
cells, and stops each as soon as its result is decided. The cheapest candidate
that passed is then confirmed in new cells, until they show the share with the
confidence asked for. Last, half of that value is measured, which has to miss
the target.

With --setting limit it finds the largest connection limit that also keeps the
99th percentile of the admitted response time within --objective.

Exit code 0: found and confirmed. 1: no value in the range reaches the target.
3: not decided within the budget, or cells stay invalid.`,
		Args: positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return runTune(cmd, *f) },
	}
	fs := cmd.Flags()
	f.defineGoal(fs)
	f.defineService(fs)
	f.defineBounds(fs)
	f.defineClient(fs)
	// The round trip and the loss are values of the point.
	f.definePath(fs, "rtt", "delay-up", "delay-down", "loss")
	under(fs, "Attempts of a cell", func(fs *pflag.FlagSet) {
		fs.DurationVar(&f.maxCell, "max-cell", time.Minute, "attempts of a cell start within this time")
		fs.Int64Var(&f.seed, "seed", 1, "`number`: seed of packet loss")
	})
	under(fs, outputHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.out, "out", "", "`folder`: where the cells are written (default results/<time>-tune)")
		fs.StringVar(&f.format, "format", "text", "`text|json`: what standard output shows; json is one object")
		fs.BoolVar(&f.quiet, "quiet", false, "show no progress on standard error")
	})
	strategyWords.complete(cmd, "strategy")
	tuneSettings.complete(cmd, "setting")
	clientWords.completeList(cmd, "client") // a mix
	onOff.complete(cmd, "tls")
	completePath(cmd)
	textOrJSON.complete(cmd, "format")
	register(cmd, "out", folders)
	return cmd
}

// defineGoal defines what is searched for, and the point of the grid that is measured.
func (f *tuneFlags) defineGoal(fs *pflag.FlagSet) {
	f.axisValues = axisValues{}
	under(fs, "Goal", func(fs *pflag.FlagSet) {
		f.define(fs, axisOf("strategy"), "name", "lingering-close", "strategy to tune")
		fs.StringVar(&f.setting, "setting", "", "`name`: setting to tune: "+strings.Join(tuneSettings.names(), ", ")+" (default the main setting of the strategy)")
		fs.StringVar(&f.target, "target", "99.9%", "`share`: rejections to deliver")
		fs.StringVar(&f.confidence, "confidence", "95%", "`share`: level of the confirmation")
		fs.StringVar(&f.objective, "objective", "", "`time`: with --setting limit, what the 99th percentile of the admitted response time may be, such as 50ms")
		fs.DurationVar(&f.budget, "budget", 3*time.Minute, "time limit of the whole search")
	})
	under(fs, "Point (one value each)", func(fs *pflag.FlagSet) {
		fs.StringVar(&f.client, "client", "blocking", "`name`: client behaviour, or a weighted mix such as blocking=70,duplex=30")
		for _, c := range results.Coordinates {
			if c.Flag == "" || notTuned[c.Flag] {
				continue
			}
			a := axisOf(c.Flag)
			if a.flag == "concurrency" {
				a.usage += "; auto is the most of 50, 32, 20 and 10 that this machine can carry"
			}
			f.define(fs, a, a.one, cmp.Or(tuneDefaults[a.flag], a.standard), a.usage)
		}
	})
}

// runTune searches for a setting and prints the result.
func runTune(cmd *cobra.Command, f tuneFlags) error {
	options, err := f.options(cmd.Flags())
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	spec := f.spec(options.Cells.PathOf(options.Point))
	if options.Cells.Path, err = f.choose(ctx, spec); err != nil {
		return err
	}
	dir, tuning, tuneErr := f.measure(cmd, options)
	if tuning == nil {
		return tuneErr
	}
	if err := f.write(cmd, tuning, dir); err != nil {
		return err
	}
	switch {
	case errors.Is(tuneErr, tuner.ErrInvalidCells):
		return unansweredError{fmt.Errorf("not decided: %w: %s", tuneErr, makeRoom)}
	case tuneErr != nil:
		return unansweredError{fmt.Errorf("not decided: %w", tuneErr)}
	case tuning.Chosen == nil:
		return exitStatus(exitFailed) // the result is printed already
	}
	return nil
}

// measure searches, and writes the cells to the search's folder. A search that stays
// undecided returns what it measured with the reason. All other errors come without a
// result.
func (f *tuneFlags) measure(cmd *cobra.Command, o tuner.Options) (dir string, tuning *tune.Tuning, err error) {
	// Only now: a search that cannot be measured leaves no folder behind.
	if dir, err = runFolder(f.out, tuneName, time.Now()); err != nil {
		return dir, nil, err
	}
	manifest, err := newManifest(tuneName, o.Cells, cmd.Flags())
	if err != nil {
		return dir, nil, err
	}
	writer, err := results.Create(dir, manifest)
	if err != nil {
		return dir, nil, usagef("--out: %w", err)
	}
	ctx := cmd.Context()
	planned := 0
	tuning, sysctl, tuneErr := tuner.Run(ctx, o, f.events(cmd.ErrOrStderr(), writer, &planned))
	interrupted := ctx.Err() != nil
	err = writer.Close(func(m *results.Manifest) {
		m.Finished = time.Now().UTC()
		m.Interrupted = tuneErr != nil
		m.Planned = planned
		m.TCP = sysctl
	})
	undecided := errors.Is(tuneErr, tuner.ErrBudget) || errors.Is(tuneErr, tuner.ErrInvalidCells) || errors.Is(tuneErr, tune.ErrNothingRejected)
	switch {
	case err != nil:
		return dir, nil, errors.Join(tuneErr, err)
	case interrupted:
		fmt.Fprintf(cmd.ErrOrStderr(), "%d cells are in %s\n", tuning.Cells, dir)
		return dir, nil, ctx.Err()
	case tuneErr != nil && !undecided:
		return dir, nil, tuneErr
	}
	return dir, tuning, tuneErr
}

// write writes the result to the folder and to standard output.
func (f *tuneFlags) write(cmd *cobra.Command, t *tune.Tuning, dir string) error {
	object, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, tuneFile), append(object, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	if _, err := tune.Plot(t, filepath.Join(dir, results.PlotsDir)); err != nil {
		return fmt.Errorf("draw the plot: %w", err)
	}
	if f.format == "json" {
		line, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("encode the result: %w", err)
		}
		_, err = cmd.OutOrStdout().Write(append(line, '\n'))
		return err
	}
	if err := tune.Write(cmd.OutOrStdout(), t); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "cells, result and plot: %s\n", dir)
	return err
}

// events records and counts the cells, and shows the share of each candidate so far.
func (f *tuneFlags) events(w io.Writer, records *results.Writer, cells *int) tuner.Events {
	e := tuner.Events{Cell: func(c results.Cell, final bool) error {
		if final {
			*cells++
		}
		if !c.Valid && !f.quiet {
			fmt.Fprintf(w, "%s %s: %s\n", c.Settings, c.Client, cellText(c, final))
		}
		return records.Append(c)
	}}
	if !f.quiet {
		e.Looked = func(c tune.Candidate) {
			fmt.Fprintf(w, "%s %s (%s): %.4g%% of %d delivered: %s\n", f.setting, c.Text, c.Phase, c.Share*100, c.N, c.Verdict)
		}
	}
	return e
}
