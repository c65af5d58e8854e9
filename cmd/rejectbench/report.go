package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/chart"
	"github.com/rejectbench/rejectbench/analysis/findings"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/report"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/screen"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets"
)

// axisWords are the values of --x.
var axisWords = vocabulary{noun: "coordinate", terms: chart.AxisNames}

func reportCommand() *cobra.Command {
	var long strings.Builder
	long.WriteString(`Draw the plots and write the report.html of recorded runs again, and print their
tables and findings.

A table has one line per point: its coordinates, and these columns. A column
without anything to show is left out.

`)
	for _, c := range table.Legend() {
		writeRow(&long, strings.TrimSuffix("  "+c.Head+", "+c.Unit, ", "), c.Title, 20)
	}
	var f showFlags
	var x string
	cmd := &cobra.Command{
		Use:               "report RUN...",
		Short:             "write the plots and report of recorded runs again",
		Long:              strings.TrimSuffix(long.String(), "\n"),
		ValidArgsFunction: folders,
		Args:              positional(1, -1, "name the folder of at least one run"),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			show, err := f.options(cmd.OutOrStdout())
			if err != nil {
				return err
			}
			if x != "" {
				if err := axisWords.check("x", x); err != nil {
					return err
				}
			}
			for _, dir := range dirs {
				c, err := writeReport(dir, x)
				var line *results.LineError
				switch {
				case c != nil && errors.As(err, &line):
					fmt.Fprintf(cmd.ErrOrStderr(), "rejectbench: %v: reporting the %d cells before it\n", line, len(c.Study.Run.Cells))
				case c != nil && err != nil:
					return usageError{err}
				case err != nil:
					return err
				}
				warnOfRepeated(cmd, c.Study.Run, "only the last of each counts")
				if err := printReport(cmd.OutOrStdout(), c, show); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "\nreport: %s\n", filepath.Join(dir, results.ReportFile))
			}
			return nil
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&x, "x", "", "coordinate on the x axis of the page's charts and of the plots with one axis,\nsuch as concurrency (default the first that the run varies)")
	axisWords.complete(cmd, "x")
	f.define(cmd.Flags())
	f.complete(cmd)
	return cmd
}

// writeReport draws the plots and writes the report of a run's folder, with the
// coordinate x, or the first that the run varies, as the main axis. Of a damaged
// run it reports the cells that can be read, and returns what it reported with the
// error. If no cell can be read, it leaves the old report as it is.
func writeReport(dir, x string) (*report.Content, error) {
	run, damage := results.Open(dir)
	err := unreadable(dir, run, damage)
	if err != nil {
		return nil, err
	}
	study := analysis.NewStudy(run)
	c := &report.Content{Study: study, League: league.New(study), Scenarios: reproduce.Judge(study)}
	c.Findings = findings.Of(study, c.League, c.Scenarios)
	headline := verdict.New(study, verdict.Options{Hold: longestHold(boundsOf(&run.Manifest))})
	c.Verdict = &headline
	if c.Axes, err = chart.Axes(study, x); err != nil {
		return nil, usageError{fmt.Errorf("--x: %w", err)}
	}
	if c.Figures, err = chart.Figures(study, c.League, c.Axes); err != nil {
		return nil, fmt.Errorf("draw the plots: %w", err)
	}
	if _, err := chart.Write(c.Figures, filepath.Join(dir, results.PlotsDir)); err != nil {
		return nil, err
	}
	// Within dir, because the name of dir may hold the characters of a pattern.
	if c.Ladders, err = fs.Glob(os.DirFS(dir), laddersDir+"/*.svg"); err != nil {
		return nil, fmt.Errorf("find the ladder diagrams: %w", err)
	}
	for i, name := range c.Ladders {
		c.Ladders[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	f, err := os.Create(filepath.Join(dir, results.ReportFile))
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	if err := errors.Join(report.Write(f, *c), f.Close()); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return c, damage
}

// printReport prints the answer, the tables and the findings of a run.
func printReport(w io.Writer, c *report.Content, o screen.Options) error {
	content := screen.Content{Study: c.Study, Scenarios: c.Scenarios, Findings: c.Findings, Verdict: *c.Verdict}
	return screen.Write(w, content, o)
}

// longestHold returns a function that returns for how long a hostile client can hold a
// rejected connection of a strategy; nothing is known of other servers.
func longestHold(b targets.Bounds) func(strategy string) verdict.Hold {
	return func(strategy string) verdict.Hold {
		h, err := targets.LongestHold(strategy, b)
		if err != nil || h.Unknown {
			return verdict.Hold{}
		}
		return verdict.Hold{Known: true, LongestMs: units.Milliseconds(h.Longest), Bound: h.Bound}
	}
}

// boundsOf returns the bounds of the strategies that a run was made with. What its
// manifest lacks has the default.
func boundsOf(m *results.Manifest) targets.Bounds {
	var f cellFlags
	fs := pflag.NewFlagSet("bounds", pflag.ContinueOnError)
	f.defineBounds(fs)
	fs.VisitAll(func(fl *pflag.Flag) {
		if value, ok := m.Options[fl.Name]; ok {
			_ = fl.Value.Set(value) // a merged run may have several values
		}
	})
	return f.bounds
}
