package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/rules"
	"github.com/rejectbench/rejectbench/results"
)

func checkCommand() *cobra.Command {
	var rulesFile, format string
	cmd := &cobra.Command{
		Use:   "check RUN --rules FILE",
		Short: "hold a recorded run against rules: 0 all hold, 1 one fails, 3 undecided",
		Long: `Hold a recorded run against rules. A rule asks something of every point of the
run that it speaks of, and is decided at its confidence: it holds, it fails, or
the run says too little, and then what would decide is said. The exit code is 0
when all rules hold, 1 when any fails, and 3 when any is undecided and none fails.

    rules:
      - name: a rejected upload gets its answer   # optional
        strategy: [lingering-close, wait-acked]   # optional: one or a list; all
        client: blocking                          # optional: one or a list; all
        where: rtt <= 100ms and body > 0          # optional
        require: delivered_share >= 99%
        confidence: 95%                           # optional

A condition compares rtt, concurrency, body, loss, limit, rate, nth_request,
strategy, client, tls (with on or off), scenario or impairments (with none). What is required is a bound (< <= > >=) of
` + metricNames() + `.
The rules named method are those that hold a run to the controls of the method.`,
		Args: positional(1, 1, "name the folder of one run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rulesFile == "" {
				return usagef("--rules: name a file of rules, or method for the controls of the method")
			}
			if !slices.Contains(rules.Formats, format) {
				return usagef("--format %q: %s", format, strings.Join(rules.Formats, ", "))
			}
			loaded, err := rules.Load(rulesFile)
			if err != nil {
				return usagef("--rules: %w", err)
			}
			run, err := openRun(cmd, args[0], "checking")
			if err != nil {
				return err
			}
			found := rules.Check(run.Cells, loaded)
			if err := rules.Print(cmd.OutOrStdout(), format, found); err != nil {
				return err
			}
			switch rules.Overall(found) {
			case rules.Holds:
				return nil
			case rules.Fails:
				return exitStatus(exitFailed)
			}
			return exitStatus(exitEnvironment)
		},
	}
	cmd.Flags().StringVar(&rulesFile, "rules", "", "`file` of rules in YAML, or method for the controls of the method")
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(rules.Formats, ", "))
	return cmd
}

// metricNames lists the metrics for a help text, a few to a line.
func metricNames() string {
	var b strings.Builder
	width := 0
	for _, m := range analysis.Metrics {
		if width+len(m.Name) > 72 {
			b.WriteString("\n")
			width = 0
		}
		n, _ := fmt.Fprintf(&b, "%s, ", m.Name)
		width += n
	}
	return strings.ReplaceAll(b.String(), ", \n", ",\n") + "or share(OUTCOME)"
}

// openRun reads a run. Of a damaged one it says on standard error where, and
// goes on with the cells before the damage. One of a newer version is no such
// damage: of that nothing can be read.
func openRun(cmd *cobra.Command, dir, doing string) (*results.Run, error) {
	run, err := results.Open(dir)
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
