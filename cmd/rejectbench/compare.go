package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/compare"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// compareFlags are the flags of `compare` as they were given.
type compareFlags struct {
	metric, gate               string
	alpha, effect, effectRatio string
	rename                     []string
	format                     string
	all                        bool
}

// compareFormats is the table of the words of --format.
var compareFormats = []struct {
	name  string
	write func(*compare.Comparison, io.Writer) error
}{
	{"text", (*compare.Comparison).WriteText},
	{"markdown", (*compare.Comparison).WriteMarkdown},
	{"json", (*compare.Comparison).WriteJSON},
	{"gobench", (*compare.Comparison).WriteBenchmarks},
	{"junit", (*compare.Comparison).WriteJUnit},
}

// formatsOfCompare is the vocabulary of compareFormats.
var formatsOfCompare = vocabulary{noun: "format", terms: func() (all []results.Term) {
	for _, f := range compareFormats {
		all = append(all, results.Term{Name: f.name})
	}
	return all
}}

func compareCommand() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "compare two runs point by point: better, worse or the same",
		Long: `Compare two runs at every point that both measured. NEW is better or worse than
BASE if the difference is significant at --alpha over all tests together, at
least as large as the effect of interest, and above the noise floor of the runs'
twin cells. It is the same if the whole interval is smaller than the effect.
Otherwise it is unmeasurable, and the reason is given. Rounds separate noise
from a difference: one round shows a collapse, such as 100% to 0%, and nothing
else. run --gate 5% makes as many rounds as an effect of 5 points needs.

The gated metrics decide the exit code. 0: none is worse, and all are decided.
1: one is worse. 3: none is worse, but one is unmeasurable.

--rename also compares two strategies of one run:
  rejectbench compare RUN RUN --rename close=lingering-close`,
		ValidArgsFunction: folders,
		Args:              positional(2, 2, "name the folders of two runs"),
		RunE:              func(cmd *cobra.Command, dirs []string) error { return compareRuns(cmd, f, dirs[0], dirs[1]) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	under(fs, "Comparison", func(fs *pflag.FlagSet) {
		fs.StringVar(&f.metric, "metric", "delivered_share,response_p50_ms,hold_ms,cpu_us", "`names`: metrics to compare, share(OUTCOME) among them, or all")
		fs.StringVar(&f.gate, "gate", "delivered_share", "`names`: metrics that decide the exit code, or all that are compared")
		fs.StringVar(&f.alpha, "alpha", fmt.Sprintf("%g%%", 100*compare.DefaultAlpha), "`share`: highest chance of any false call in the whole comparison; intervals have level 1 minus alpha")
		fs.StringVar(&f.effect, "effect", "5%", "`share`: smallest difference of a share that matters, in points; 5% is what 100 attempts can detect where a share is near 0% or 100%")
		fs.StringVar(&f.effectRatio, "effect-ratio", "10%", "`share`: smallest difference of a value that matters, as a share of the value")
		fs.StringArrayVar(&f.rename, "rename", nil, "`OLD=NEW`: compare strategy OLD of BASE with strategy NEW of NEW; may be repeated")
	})
	under(fs, outputHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.format, "format", "text", "`name`: text, markdown, json with one object per row, gobench, which benchstat reads, or junit with a case per gated row")
		fs.BoolVar(&f.all, "all", false, "show every row in text and markdown, not only those that are better or worse")
	})
	metricsWithShares.with(allWord).completeList(cmd, "metric")
	metricsWithShares.with(allWord).completeList(cmd, "gate")
	formatsOfCompare.complete(cmd, "format")
	return cmd
}

func compareRuns(cmd *cobra.Command, f compareFlags, base, new string) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	if err := formatsOfCompare.check("format", f.format); err != nil {
		return err
	}
	old, err := openRun(cmd, base, "comparing")
	if err != nil {
		return err
	}
	now, err := openRun(cmd, new, "comparing")
	if err != nil {
		return err
	}
	warnOfRepeated(cmd, old, "only the last of each counts")
	warnOfRepeated(cmd, now, "only the last of each counts")
	options.All = f.all
	c, err := compare.Runs(old, now, options)
	if err != nil {
		return usageError{err}
	}
	for _, format := range compareFormats {
		if format.name != f.format {
			continue
		}
		if err := format.write(c, cmd.OutOrStdout()); err != nil {
			return fmt.Errorf("write the comparison: %w", err)
		}
	}
	switch c.Gate() {
	case compare.Worse:
		return exitStatus(exitFailed)
	case compare.Unmeasurable:
		return exitStatus(exitUnanswered)
	}
	return nil
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
			return o, usagef("--gate %q: neither more nor less of it is better", m.Name)
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
			return o, usagef("--rename %q: %s is renamed twice", pair, old)
		}
		if !ok || old == "" || name == "" {
			return o, usagef("--rename %q: not OLD=NEW, such as close=lingering-close", pair)
		}
		o.Rename[old] = name
	}
	return o, nil
}

// compareMetrics reads a list of metrics. The word all means every metric of the given
// list.
func compareMetrics(flag, value string, all []analysis.Metric) ([]analysis.Metric, error) {
	if value == "all" {
		return slices.Clone(all), nil
	}
	names, err := list(flag, value, parseMetric)
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

// parseMetric reads the name of a metric, or share(OUTCOME).
func parseMetric(word string) (string, error) {
	inner, share := strings.CutPrefix(word, "share(")
	if inner, closed := strings.CutSuffix(inner, ")"); share && closed {
		_, err := outcomeWords.parse(inner)
		return word, err
	}
	return metricWords.parse(word)
}

// compareShare reads a percentage above 0 and at most most.
func compareShare(flag, value string, most float64) (float64, error) {
	v, err := units.ParseShare(value)
	switch {
	case err != nil:
		return 0, usagef("--%s %q: %w", flag, value, err)
	case v == 0:
		return 0, usagef("--%s %q: it has to be above 0%%", flag, value)
	case v > most:
		return 0, usagef("--%s %q: at most %g%%", flag, value, most*100)
	}
	return v, nil
}
