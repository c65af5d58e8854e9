package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/rules"
	"github.com/rejectbench/rejectbench/results"
)

// builtinRules is the name of the rules that are part of this program.
const builtinRules = "method"

// checkFlags are the flags of `check` as they were given.
type checkFlags struct{ rules, format string }

func checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check RUN --rules FILE",
		Short: "check a recorded run against rules",
		Long: `Check a recorded run against rules. A rule requires something of every point
that it applies to. At its confidence it holds, fails or stays undecided; an
undecided rule says how much more would decide it. Exit code 0: all rules hold.
1: one fails. 3: none fails, but one is undecided.

    rules:
      - name: a rejected upload gets its answer   # optional
        strategy: [lingering-close, wait-acked]   # optional: one or a list; all
        client: blocking                          # optional: one or a list; all
        where: rtt <= 100ms and body > 0          # optional
        require: delivered_share >= 99%
        confidence: 95%                           # optional
        missing: skip                             # optional: skip or fail

Fewer than 3 rounds do not show how much rounds differ. They decide only what
the worst spread on record cannot explain, such as 0% where 95% is required.
confidence: none compares the measured figure itself, without an interval.
Where a figure does not exist, a rule does not apply, and the check is
undecided. With missing: skip the other rules decide, with missing: fail the
rule fails.

A condition of where compares
` + coordinateNames() + `.
The value none matches a coordinate that is not set. Impairments and settings
are only compared with none. A requirement is a bound (< <= > >=) on
` + metricNames() + `.

--rules method checks the controls of the method itself.`,
		ValidArgsFunction: folders,
		Args:              positional(1, 1, "name the folder of one run"),
		RunE:              func(cmd *cobra.Command, dirs []string) error { return check(cmd, f, dirs[0]) },
	}
	cmd.Flags().StringVar(&f.rules, "rules", "", "`file`: rules in YAML, or method for the controls of the method")
	cmd.Flags().StringVar(&f.format, "format", "text", "`name`: text, markdown, json or junit with a case per rule")
	formatsOfCheck.complete(cmd, "format")
	register(cmd, "rules", func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		builtin := vocabularyOf("rules", builtinRules)
		return builtin.offers("", toComplete, nil), cobra.ShellCompDirectiveDefault // and files
	})
	return cmd
}

// check prints what a run says of each rule. The exit code is the verdict on all.
func check(cmd *cobra.Command, f checkFlags, dir string) error {
	if f.rules == "" {
		return usagef("--rules: name a file of rules, or method for the controls of the method")
	}
	if err := formatsOfCheck.check("format", f.format); err != nil {
		return err
	}
	loaded, err := rules.Load(f.rules)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && nearest(f.rules, []string{builtinRules}) != "" {
			return usagef("--rules: %w; did you mean %s?", err, builtinRules)
		}
		return usagef("--rules: %w", err)
	}
	run, err := openRun(cmd, dir, "checking")
	if err != nil {
		return err
	}
	warnOfRepeated(cmd, run, "only the last of each counts")
	found := rules.Check(run.Cells, loaded)
	if err := rules.Print(cmd.OutOrStdout(), f.format, found); err != nil {
		return err
	}
	switch rules.Overall(found) {
	case rules.Holds:
		return nil
	case rules.Fails:
		return exitStatus(exitFailed)
	}
	return exitStatus(exitUnanswered)
}

// warnOfRepeated warns of cells that were measured, or copied, more than once.
func warnOfRepeated(cmd *cobra.Command, run *results.Run, result string) {
	if n := run.Repeated(); n > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "rejectbench: %s: %s the point and the round of another valid cell: %s\n",
			filepath.Join(run.Dir, results.CellsFile), counted(n, "cell repeats", "cells repeat"), result)
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// coordinateNames are the names of the coordinates, in lines for the help.
func coordinateNames() string {
	var names []string
	for _, c := range results.Coordinates {
		name := c.Name
		if _, switched := c.Value(&results.Point{}).(bool); switched {
			name += " (on or off)"
		}
		names = append(names, name)
	}
	return inLines(names)
}

// metricNames are the names of the metrics, in lines for the help.
func metricNames() string {
	var names []string
	for _, m := range analysis.Metrics {
		names = append(names, m.Name)
	}
	return inLines(append(names, "share(OUTCOME)"))
}

// inLines joins names with commas, in lines of at most 77 characters.
func inLines(names []string) string {
	var b strings.Builder
	width := 0
	for i, name := range names {
		switch {
		case i == 0:
		case width+len(name) > 72:
			b.WriteString(",\n")
			width = 0
		default:
			b.WriteString(", ")
			width += 2
		}
		if i > 0 && i == len(names)-1 {
			name = "or " + name
		}
		b.WriteString(name)
		width += len(name)
	}
	return b.String()
}

// openRun reads a run. If a line of it is damaged, it says so on standard error and
// returns the cells before that line; it is an error if there are none. A record of a
// newer version is an error too, because its fields may mean something else.
func openRun(cmd *cobra.Command, dir, doing string) (*results.Run, error) {
	run, err := results.Open(dir)
	if err := unreadable(dir, run, err); err != nil {
		return nil, err
	}
	var line *results.LineError
	var schema *results.SchemaError
	switch {
	case run != nil && errors.As(err, &line) && !errors.As(err, &schema):
		fmt.Fprintf(cmd.ErrOrStderr(), "rejectbench: %v: %s the %d cells before it\n", line, doing, len(run.Cells))
	case err != nil:
		return nil, usageError{err}
	}
	return run, nil
}

// unreadable returns the error of a folder that was opened as a run with err, if no
// cell of it could be read. It returns nil for a run without damage, even if it has no
// cells.
func unreadable(dir string, run *results.Run, err error) error {
	var schema *results.SchemaError
	switch {
	case err == nil || run != nil && len(run.Cells) > 0:
		return nil
	case run == nil && errors.Is(err, fs.ErrNotExist) && isFolder(dir):
		return usagef("%s: not a run: it has no %s", dir, results.ManifestFile)
	case run == nil || errors.As(err, &schema):
		return usageError{err}
	}
	return unansweredError{fmt.Errorf("%w: no cell can be read", err)}
}

func isFolder(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}
