package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/compare"
	"github.com/rejectbench/rejectbench/results"
)

// compareFlags are the flags of `compare` as they were given.
type compareFlags struct {
	metric, gate               string
	alpha, effect, effectRatio string
	rename                     []string
	format                     string
}

// compareFormats maps the words of --format to what writes them.
var compareFormats = map[string]func(*compare.Comparison, *cobra.Command) error{
	"text":     func(c *compare.Comparison, cmd *cobra.Command) error { return c.WriteText(cmd.OutOrStdout()) },
	"markdown": func(c *compare.Comparison, cmd *cobra.Command) error { return c.WriteMarkdown(cmd.OutOrStdout()) },
	"json":     func(c *compare.Comparison, cmd *cobra.Command) error { return c.WriteJSON(cmd.OutOrStdout()) },
	"gobench":  func(c *compare.Comparison, cmd *cobra.Command) error { return c.WriteBenchmarks(cmd.OutOrStdout()) },
}

func compareCommand() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "decide, cell by cell, whether a run is better, worse or the same as another",
		Long: `Decide at every point that two runs measured whether NEW is better or worse than
BASE, the same, or unmeasurable, for the reason given. Worse and better are called
where the difference is sure (at --alpha, over all tests of the comparison together),
not smaller than the effect of interest, and above the noise floor of the runs' twin
cells. The same is where the whole interval is smaller than the effect. Rounds are
what tells noise from a difference: give both runs --rounds 3 or more.

The gated metrics decide the exit code: 0 none is worse and all can be told, 1 one
is worse, 3 none is worse but one cannot be told. With --rename the two strategies
of one run are compared too: compare RUN RUN --rename close=lingering-close.`,
		Args: positional(2, 2, "name the folders of two runs"),
		RunE: func(cmd *cobra.Command, dirs []string) error { return compareRuns(cmd, f, dirs[0], dirs[1]) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.metric, "metric", "delivered_share,response_p50_ms,hold_ms,cpu_us", "metrics that are compared, share(OUTCOME) among them, or all")
	fs.StringVar(&f.gate, "gate", "delivered_share", "metrics that decide the exit code, or all that are compared")
	fs.StringVar(&f.alpha, "alpha", "5%", "highest chance of any false call in the whole comparison; intervals are of level 1 less it")
	fs.StringVar(&f.effect, "effect", "5%", "smallest difference of a share that matters, in points: what 100 attempts can tell from none where a share is near 0% or 100%")
	fs.StringVar(&f.effectRatio, "effect-ratio", "10%", "smallest difference of a value that matters, as a share of it")
	fs.StringArrayVar(&f.rename, "rename", nil, "`OLD=NEW`: compare BASE's strategy OLD with NEW's strategy NEW; may stand several times")
	fs.StringVar(&f.format, "format", "text", "text, markdown, json (one object a row) or gobench (cells as Go benchmarks, for benchstat)")
	return cmd
}

func compareRuns(cmd *cobra.Command, f compareFlags, base, new string) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	write, ok := compareFormats[f.format]
	if !ok {
		return usagef("--format %q: text, markdown, json or gobench", f.format)
	}
	old, err := openCompared(cmd, base)
	if err != nil {
		return err
	}
	now, err := openCompared(cmd, new)
	if err != nil {
		return err
	}
	c, err := compare.Runs(old, now, options)
	if err != nil {
		return usageError{err}
	}
	if err := write(c, cmd); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	switch c.Gate() {
	case compare.Worse:
		return exitStatus(exitFailed)
	case compare.Unmeasurable:
		return exitStatus(exitEnvironment)
	}
	return nil
}

// openCompared reads a run, and of a damaged one what is whole. A newer record
// is no damage: nothing in it may mean what it did.
func openCompared(cmd *cobra.Command, dir string) (*results.Run, error) {
	run, err := results.Open(dir)
	var line *results.LineError
	switch {
	case err == nil:
		return run, nil
	case run == nil || !errors.As(err, &line) || errors.As(err, new(*results.SchemaError)):
		return nil, usageError{err}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "rejectbench: %v: comparing the %d cells before it\n", line, len(run.Cells))
	return run, nil
}

// options checks the flags and returns what they ask for.
func (f compareFlags) options() (o compare.Options, err error) {
	if o.Metrics, err = compareMetrics("metric", f.metric, analysis.Metrics); err != nil {
		return o, err
	}
	gate, err := compareMetrics("gate", f.gate, o.Metrics)
	if err != nil {
		return o, err
	}
	for _, m := range gate {
		if m.Better == analysis.Neither {
			if f.gate == "all" {
				continue
			}
			return o, usagef("--gate %q: it is neither better higher nor lower", m.Name)
		}
		if !slices.ContainsFunc(o.Metrics, func(other analysis.Metric) bool { return other.Name == m.Name }) {
			o.Metrics = append(o.Metrics, m)
		}
		o.Gate = append(o.Gate, m.Name)
	}
	if o.Alpha, err = compareShare("alpha", f.alpha, 0.5); err != nil {
		return o, err
	}
	if o.Effect, err = compareShare("effect", f.effect, 1); err != nil {
		return o, err
	}
	if o.EffectRatio, err = compareShare("effect-ratio", f.effectRatio, 1); err != nil {
		return o, err
	}
	o.Rename = map[string]string{}
	for _, pair := range f.rename {
		old, name, ok := strings.Cut(pair, "=")
		if _, twice := o.Rename[old]; twice {
			return o, usagef("--rename %q: %s stands there twice", pair, old)
		}
		if !ok || old == "" || name == "" {
			return o, usagef("--rename %q: not OLD=NEW, such as close=lingering-close", pair)
		}
		o.Rename[old] = name
	}
	return o, nil
}

// compareMetrics reads names of metrics; all is the given ones.
func compareMetrics(flag, value string, all []analysis.Metric) ([]analysis.Metric, error) {
	if value == "all" {
		return slices.Clone(all), nil
	}
	names, err := list(flag, value, func(word string) (string, error) {
		_, err := analysis.MetricByName(word)
		if err != nil {
			var known []string
			for _, m := range analysis.Metrics {
				known = append(known, m.Name)
			}
			err = fmt.Errorf("%w: there are %s and share(OUTCOME)", err, strings.Join(known, ", "))
		}
		return word, err
	})
	if err != nil {
		return nil, err
	}
	var metrics []analysis.Metric
	for _, name := range names {
		m, err := analysis.MetricByName(name)
		if err != nil {
			return nil, err
		}
		metrics = append(metrics, m)
	}
	return metrics, nil
}

// compareShare reads a percentage above 0 and below or at most.
func compareShare(flag, value string, most float64) (float64, error) {
	v, err := parseLoss(value)
	switch {
	case err != nil:
		return 0, usagef("--%s %q: %w", flag, value, err)
	case v == 0:
		return 0, usagef("--%s %q: more than 0%%", flag, value)
	case v > most:
		return 0, usagef("--%s %q: at most %g%%", flag, value, most*100)
	}
	return v, nil
}
