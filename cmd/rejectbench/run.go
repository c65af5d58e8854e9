package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis/screen"
	"github.com/rejectbench/rejectbench/results"
)

// runFlags are the flags of `run` as they were given.
type runFlags struct {
	cellFlags
	attemptFlags
	gridFlags
	showFlags
	servers  []string
	scenario string
	// How often each cell is measured.
	rounds, twins int
	sideBySide    int
	precision     string
	gateFlag
	budget time.Duration
	seed   int64
	// What is kept and printed.
	out, name, format string
	quiet             bool
	pcap              int
}

func runCommand() *cobra.Command { return new(runFlags).command() }

// command returns the command that reads its flags into f.
func (f *runFlags) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "measure a grid of strategies, clients, distances and bodies",
		Long: `Measure every cell of a grid. A cell is one combination of the values of the
grid's flags. Each cell runs its own server, path and clients in separate
processes.

Without a flag for the grid, the impairments of the path, a server or a
scenario, the default grid is measured. With one, every combination of the
values of all flags is. The default grid: ` + describeDefaultGrid(),
		Args: positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, *f) },
	}
	fs := cmd.Flags()
	f.gridFlags.define(fs)
	f.defineSchedule(fs)
	under(fs, otherHeading, func(fs *pflag.FlagSet) {
		fs.StringArrayVar(&f.servers, "server", nil, serverUsage+"; may be repeated")
	})
	f.defineCatalogue(fs)
	under(fs, "Scenarios", func(fs *pflag.FlagSet) {
		fs.StringVar(&f.scenario, "scenario", "", "`names`: public reports of lost answers to measure instead of a grid: words of 'list scenarios', all, or paths of .yaml files")
	})
	f.defineService(fs)
	f.defineBounds(fs)
	f.defineClient(fs)
	// The round trip and the loss are values of the grid.
	f.definePath(fs, "rtt", "delay-up", "delay-down", "loss")
	f.defineCPUs(fs)
	under(fs, outputHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.out, "out", "", "`folder`: where the run is written (default results/<time>-<name>)")
		fs.StringVar(&f.name, "name", "run", "`word`: name of the run")
		fs.StringVar(&f.format, "format", "text", "`text|json`: what standard output shows; json has one object per cell and line")
		f.showFlags.define(fs)
		fs.BoolVar(&f.quiet, "quiet", false, "show no progress on standard error")
		fs.IntVar(&f.pcap, "pcap", 0, "`count`: connections per outcome of each cell whose packets are kept, as pcapng")
	})
	completeCoordinates(cmd)
	completePath(cmd)
	placementWords.complete(cmd, "cpus")
	serverWords(&f.catalogue).completeList(cmd, "server")
	scenarioWords.with(allWord).completeList(cmd, "scenario")
	textOrJSON.complete(cmd, "format")
	f.showFlags.complete(cmd)
	register(cmd, "out", folders)
	register(cmd, "catalogue", folders)
	return cmd
}

// defineSchedule defines how much is measured in a cell, and how often.
func (f *runFlags) defineSchedule(fs *pflag.FlagSet) {
	under(fs, "Attempts of a cell", func(fs *pflag.FlagSet) {
		f.attemptFlags.define(fs, "attempts per cell and round", "three times the concurrency and at least 60")
		fs.DurationVar(&f.maxCell, "max-cell", time.Minute, "attempts of a cell start within this time; a cell that has not made its --requests by then is invalid; a --duration replaces this limit")
	})
	under(fs, "Rounds", func(fs *pflag.FlagSet) {
		fs.IntVar(&f.rounds, "rounds", defaultRounds, fmt.Sprintf("`count`: visits of the whole grid, each in a new random order; with --precision at most this many, and %d if not given", precisionRounds))
		fs.StringVar(&f.precision, "precision", "", "visit each point until half the width of the 95% interval of its delivered share is at most this `share`, such as 1%")
		f.gateFlag.define(fs)
		fs.IntVar(&f.twins, "aa", 1, "`count`: points, chosen by the seed, that each round measures twice, to show how much equal cells differ; 0 is none")
		fs.DurationVar(&f.budget, "budget", 0, "time limit of the run: it ends after the cells in progress and keeps what it has; 0 is no limit")
		fs.IntVar(&f.sideBySide, "side-by-side", 1, "`count`: cells that are measured at once at most, if their round trip is long and their load low: saves time, but bends shares near the size of the send buffer; 0 leaves the number to the load")
		fs.Int64Var(&f.seed, "seed", 1, "`number`: seed of the order of the cells, of the starts of attempts and of packet loss")
	})
}

// defaultRounds is how often a run visits its grid. The interval of a share comes from
// the difference between rounds: with fewer than three there is none, and with five it
// is about 1.4 times as wide as with many.
const defaultRounds = 5

// run plans, measures and reports a grid.
func run(cmd *cobra.Command, f runFlags) error {
	show, err := f.showFlags.options(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	plan, err := f.plan(cmd)
	if err != nil {
		return err
	}
	defer plan.servers.close()
	m, err := f.measure(cmd, plan)
	if err != nil {
		return err
	}
	return f.report(cmd, m, show)
}

// report writes the report of a measured run, and prints its table and findings
// unless standard output has the cells as JSON.
func (f *runFlags) report(cmd *cobra.Command, m measurement, show screen.Options) error {
	written, err := writeReport(m.dir, "")
	if err != nil {
		return err
	}
	notes := cmd.ErrOrStderr()
	if f.format == "text" {
		notes = cmd.OutOrStdout()
		if err := printReport(notes, written, show); err != nil {
			return err
		}
	}
	fmt.Fprintf(notes, "\nreport: %s\n", filepath.Join(m.dir, results.ReportFile))
	if !anyCounted(m.cells) {
		return unansweredError{errors.New("no cell is valid; the report has the reasons: " + makeRoom)}
	}
	return nil
}

// makeRoom is what a user can do if cells are invalid because the machine is too busy,
// which is the most frequent reason.
const makeRoom = "end other programs or lower --concurrency"

// anyCounted reports whether a figure of the report has a cell. A twin is in no figure
// of its point, so a valid twin alone is no result.
func anyCounted(cells []results.Cell) bool {
	return slices.ContainsFunc(cells, func(c results.Cell) bool { return c.Valid && !c.Twin })
}
