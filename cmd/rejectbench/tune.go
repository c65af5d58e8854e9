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
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	tuner "github.com/rejectbench/rejectbench/cmd/internal/tune"
	"github.com/rejectbench/rejectbench/results"
)

// tuneFile is the file, within a tuning's folder, with the result that --format json
// prints.
const tuneFile = "tune.json"

// tuneFlags are the flags of `tune` as they were given.
type tuneFlags struct {
	cellFlags
	// The range that is measured.
	axisValues
	client string // clients, or a mix of them
	// What is searched for.
	setting, target, confidence, objective, server string

	margin float64
	budget time.Duration
	seed   int64
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
	"client":      true, // may be a mix of clients with weights
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
		Long: `Find the cheapest value of a setting that delivers a target share of the
rejections at every combination of the values below: in the worst corner. The
search measures candidates of a geometric grid in small cells, the hardest
corner first, and drops a candidate at the first corner that it fails. The
cheapest one that passed is multiplied by --margin. The result is confirmed in
new cells of every corner, until they show the share with the confidence asked
for. Last, half of the cheapest one is measured, which has to miss the target.

The servers that have a directive for the setting and are installed are then
measured over the whole range, as they are and with the value that they keep.

With --server a server of the catalogue is tuned itself. If its default reaches
the target in every corner, that is the answer. Otherwise the values of its
directive are searched, and last its other variants are measured.

With --setting limit it finds the largest connection limit that also keeps the
99th percentile of the admitted response time within --objective.

Exit code 0: found and confirmed, or the default does it. 1: no value in the
range reaches the target. 3: not decided within the budget, or cells stay
invalid.`,
		Args: positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return runTune(cmd, *f) },
	}
	fs := cmd.Flags()
	f.defineGoal(fs)
	f.defineService(fs)
	f.defineBounds(fs)
	f.defineCatalogue(fs)
	f.defineClient(fs)
	// The round trip and the loss are values of the point.
	f.definePath(fs, "rtt", "delay-up", "delay-down", "loss")
	f.defineCPUs(fs)
	under(fs, "Attempts of a cell", func(fs *pflag.FlagSet) {
		fs.DurationVar(&f.maxCell, "max-cell", time.Minute, "attempts of a cell start within this time")
		fs.Int64Var(&f.seed, "seed", 1, "`number`: seed of the starts of attempts and of packet loss")
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
	placementWords.complete(cmd, "cpus")
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
		fs.StringVar(&f.server, "server", "", "`name`: server to tune instead of the reference server: NAME, NAME:VARIANT or NAME:DIRECTIVE of 'list servers'")
		fs.StringVar(&f.target, "target", "99.9%", "`share`: rejections to deliver")
		fs.StringVar(&f.confidence, "confidence", "95%", "`share`: level of the confirmation")
		fs.StringVar(&f.objective, "objective", "", "`time`: with --setting limit, what the 99th percentile of the admitted response time may be, such as 50ms")
		fs.Float64Var(&f.margin, "margin", 0, "`factor`: by how much the cheapest value is multiplied, or a limit divided (default 2 for times and bytes: for twice the round trip or the body; 1 for connections)")
		fs.DurationVar(&f.budget, "budget", 0, "time limit of the whole search (default 3m, and 1m more for each further corner)")
	})
	under(fs, "Range (lists, such as 5ms,20ms; the target is met at every combination)", func(fs *pflag.FlagSet) {
		fs.StringVar(&f.client, "client", "blocking", "`names`: client behaviours, each of which is served; or one weighted mix such as blocking=70,duplex=30")
		for _, c := range results.Coordinates {
			if c.Flag == "" || notTuned[c.Flag] {
				continue
			}
			a := axisOf(c.Flag)
			if a.flag == "concurrency" {
				a.usage += "; auto is the most of 50, 32, 20, 10, 5 and 2 that this machine can carry at each combination"
			}
			f.define(fs, a, a.many, cmp.Or(tuneDefaults[a.flag], a.standard), a.usage)
		}
	})
}

// runTune searches for a setting and prints the result.
func runTune(cmd *cobra.Command, f tuneFlags) error {
	all, err := openCatalogue(f.catalogue)
	if err != nil {
		return err
	}
	options, err := f.options(cmd.Flags(), all)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	spec := f.spec(options.Cells.PathOf(options.Corners[0].Point))
	if options.Cells.Path, err = f.choose(ctx, spec); err != nil {
		return err
	}
	servers, err := f.openServers(ctx, &options, all)
	if err != nil {
		return err
	}
	defer servers.close()
	if options.Server != nil {
		program, err := options.Program(options.Server.Name)
		if err != nil {
			return err
		}
		if err := cell.TryProgram(ctx, options.Cells.Path, spec, program.Speaking(options.Corners[0].Point.TLS)); err != nil {
			return serverError(err)
		}
	}
	dir, tuning, tuneErr := f.measure(cmd, options, servers)
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
	case tuning.Advice == tune.NothingHelps:
		return exitStatus(exitFailed) // the result is printed already
	}
	return nil
}

// measure searches, and writes the cells to the search's folder. A search that stays
// undecided returns what it measured with the reason. All other errors come without a
// result.
func (f *tuneFlags) measure(cmd *cobra.Command, o tuner.Options, servers servers) (dir string, tuning *tune.Tuning, err error) {
	// Only now: a search that cannot be measured leaves no folder behind.
	if dir, err = runFolder(f.out, tuneName, time.Now()); err != nil {
		return dir, nil, err
	}
	manifest, err := newManifest(tuneName, o.Cells, cmd.Flags())
	if err != nil {
		return dir, nil, err
	}
	servers.describe(&manifest)
	writer, err := results.Create(dir, manifest)
	if err != nil {
		return dir, nil, usagef("--out: %w", err)
	}
	ctx := cmd.Context()
	planned := 0
	tuning, sysctl, tuneErr := tuner.Run(ctx, o, f.events(cmd.ErrOrStderr(), writer, &planned, len(o.Corners)))
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
	plots, err := tune.Plot(t, filepath.Join(dir, results.PlotsDir))
	if err != nil {
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
	written := "cells and result"
	if len(plots) > 0 {
		written = "cells, result and plot"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", written, dir)
	return err
}

// events records and counts the cells, and shows the share of each candidate so far.
func (f *tuneFlags) events(w io.Writer, records *results.Writer, cells *int, corners int) tuner.Events {
	e := tuner.Events{Cell: func(c results.Cell, final bool) error {
		if final {
			*cells++
		}
		if !c.Valid && !f.quiet {
			fmt.Fprintf(w, "%s %s: %s\n", cmp.Or(c.Settings, c.Strategy), c.Client, cellText(c, final))
		}
		return records.Append(c)
	}}
	if !f.quiet {
		e.Looked = func(c tune.Candidate) {
			where := string(c.Phase)
			if corners > 1 {
				where += fmt.Sprintf(", corner %d of %d", c.Corner+1, corners)
			}
			what := c.Text
			if c.Phase != tune.Verifying {
				what = f.setting + " " + what
			}
			fmt.Fprintf(w, "%s (%s): %.4g%% of %d: %s\n", what, where, c.Share*100, c.N, c.Verdict)
		}
	}
	return e
}
