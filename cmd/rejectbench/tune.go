package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis/tune"
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	tuner "github.com/rejectbench/rejectbench/cmd/internal/tune"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// tuneFile is where a tuning's folder has the answer, as --format json prints it.
const tuneFile = "tune.json"

// tuneFlags are the flags of `tune` as they were given: those of `run` that say
// how a cell is run, and what to look for.
type tuneFlags struct {
	runFlags
	setting, target, confidence, objective string
	most                                   time.Duration
}

func tuneCommand() *cobra.Command {
	f := tuneFlags{runFlags: runFlags{rounds: 1, path: "auto", name: "tune", nth: "1"}}
	cmd := &cobra.Command{
		Use:   "tune --strategy S --target P",
		Short: "find the cheapest value of a strategy's setting that delivers a target share",
		Long: `Look for the cheapest value of a strategy's setting with which a target share of
the rejections is delivered, by measuring: candidates of a geometric grid in
small cells, each only for as long as its evidence is open; then the cheapest
that passed in fresh cells, as many as it takes to show the share with the
confidence; then half of it, which has to miss. With --setting limit: the
largest connection limit with which the 99th percentile of the admitted response
time also stays within an objective.

Exit code 0: found and confirmed. 1: no value within the range reaches the
target. 3: it could not be decided within the budget, or cells stay invalid.`,
		Args: positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return runTune(cmd, f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.strategy, "strategy", "lingering-close", "the strategy whose setting is looked for")
	fs.StringVar(&f.setting, "setting", "", "setting to look for: "+settingNames(targets.Settings)+" (default the strategy's own)")
	fs.StringVar(&f.target, "target", "99.9%", "delivered share of the rejections to reach")
	fs.StringVar(&f.confidence, "confidence", "95%", "how sure the confirmation has to be")
	fs.StringVar(&f.objective, "objective", "", "with --setting limit: what the 99th percentile of the admitted response time may be, as 50ms")
	fs.DurationVar(&f.most, "budget", 3*time.Minute, "how long all of it may take")
	fs.StringVar(&f.client, "client", "blocking", "client behaviour, or a mix with weights as blocking=70,duplex=30")
	fs.StringVar(&f.rtt, "rtt", "50ms", "round-trip time")
	fs.StringVar(&f.body, "body", "1MiB", "size of the request's body")
	fs.StringVar(&f.loss, "loss", "0", "share of packets lost each way")
	fs.StringVar(&f.tls, "tls", "off", tlsUsage+": off or on")
	fs.StringVar(&f.concurrency, "concurrency", "auto", "attempts in flight at once; auto is the most of 50, 32, 20 and 10 that this machine carries")
	f.cellFlags(fs)
	fs.Int64Var(&f.seed, "seed", 1, "seed of lost packets")
	fs.StringVar(&f.out, "out", "", "folder of the cells that were measured (default results/<time>-tune)")
	fs.StringVar(&f.format, "format", "text", "what goes to standard output: text or json (one object)")
	fs.DurationVar(&f.maxCell, "max-cell", time.Minute, "no attempt of a cell starts later than this")
	return cmd
}

// runTune looks for a setting and says what was found.
func runTune(cmd *cobra.Command, f tuneFlags) error {
	options, err := f.options(cmd.Flags())
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	kind, _ := netpath.ParseKind(f.path)
	spec := netpath.Spec{Kind: kind, Impairments: options.Cells.PathOf(options.Point), Congestion: f.congestion, IPv6: f.ipv6}
	if options.Cells.Path, err = cell.Choose(ctx, spec); err != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		return environmentError{fmt.Errorf("--path %s: %w (rejectbench doctor says more)", f.path, err)}
	}
	// Not before this: a search that cannot be leaves no folder behind.
	dir, err := f.folder(time.Now())
	if err != nil {
		return err
	}
	manifest, err := newManifest(f.name, options.Cells, cmd.Flags())
	if err != nil {
		return err
	}
	writer, err := results.Create(dir, manifest)
	if err != nil {
		return usagef("--out: %w", err)
	}
	planned := 0
	tuning, sysctl, tuneErr := tuner.Run(ctx, options, f.events(cmd.ErrOrStderr(), writer, &planned))
	interrupted := ctx.Err() != nil
	err = writer.Close(func(m *results.Manifest) {
		m.Finished = time.Now().UTC()
		m.Interrupted = tuneErr != nil
		m.Planned = planned
		m.TCP = sysctl
	})
	if err != nil {
		return errors.Join(tuneErr, err)
	}
	if interrupted {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d cells are in %s\n", tuning.Cells, dir)
		return ctx.Err()
	}
	known := tuneErr == nil || errors.Is(tuneErr, tuner.ErrBudget) || errors.Is(tuneErr, tuner.ErrUnfit) || errors.Is(tuneErr, tuner.ErrNothingRejected)
	if !known {
		return tuneErr
	}
	if err := f.write(cmd, tuning, dir); err != nil {
		return err
	}
	switch {
	case tuneErr != nil:
		return environmentError{fmt.Errorf("not decided: %w", tuneErr)}
	case tuning.Chosen == nil:
		return exitStatus(exitFailed) // all has been said
	}
	return nil
}

// write puts the answer into the folder and on standard output.
func (f tuneFlags) write(cmd *cobra.Command, t *tune.Tuning, dir string) error {
	object, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, tuneFile), append(object, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	if _, err := tune.Plot(t, filepath.Join(dir, results.PlotsDir)); err != nil {
		return fmt.Errorf("draw the plot: %w", err)
	}
	if f.format == "json" {
		line, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
		_, err = cmd.OutOrStdout().Write(append(line, '\n'))
		return err
	}
	if err := tune.Write(cmd.OutOrStdout(), t); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "cells, answer and plot: %s\n", dir)
	return err
}

// events records and counts each cell, and shows the candidate and its share so far.
func (f tuneFlags) events(w io.Writer, records *results.Writer, cells *int) tuner.Events {
	e := tuner.Events{Cell: func(c results.Cell, final bool) error {
		if final {
			*cells++
		}
		if !c.Valid && !f.quiet {
			fmt.Fprintf(w, "%s %s: %s\n", c.Settings, c.Client, verdict(c, final))
		}
		return records.Append(c)
	}}
	if !f.quiet {
		e.Judged = func(c tune.Candidate) {
			fmt.Fprintf(w, "%s %s (%s): %.4g%% of %d delivered: %s\n", f.setting, c.Text, c.Phase, c.Share*100, c.N, c.Verdict)
		}
	}
	return e
}

// options checks the flags and returns what they ask for.
func (f *tuneFlags) options(fs *pflag.FlagSet) (o tuner.Options, err error) {
	for _, one := range [][2]string{{"strategy", f.strategy}, {"rtt", f.rtt}, {"body", f.body}, {"loss", f.loss}, {"tls", f.tls}, {"concurrency", f.concurrency}} {
		if strings.Contains(one[1], ",") || one[1] == "all" {
			return o, usagef("--%s %q: one value, not several", one[0], one[1])
		}
	}
	if o.Clients, err = parseMix(f.client); err != nil {
		return o, err
	}
	if o.Goal.Target, err = parseShare("target", f.target); err != nil {
		return o, err
	}
	confidence, err := parseShare("confidence", f.confidence)
	if err != nil {
		return o, err
	}
	o.Goal.Alpha = 1 - confidence
	if f.most <= 0 {
		return o, usagef("--budget %v: longer than 0", f.most)
	}
	o.Budget = f.most
	// What is left of the flags is checked as `run` does.
	rest := f.runFlags
	rest.client = o.Clients[0].Client
	auto := f.concurrency == "auto"
	if auto {
		rest.concurrency = "1"
	}
	if o.Cells, err = rest.options(fs); err != nil {
		return o, err
	}
	o.Point = o.Cells.Points[0]
	if auto {
		o.Point.Concurrency = 0
	}
	if o.Setting, err = f.settingOf(f.strategy, fs); err != nil {
		return o, err
	}
	f.setting = o.Setting.Name
	limit := o.Setting.Name == "limit"
	switch {
	case f.objective != "" && !limit:
		return o, usagef("--objective %s: only --setting limit has one", f.objective)
	case limit && f.objective == "":
		return o, usagef("--setting limit: say with --objective how slow an admitted answer may be")
	case limit && f.serviceTime == 0:
		return o, usagef("--service-time 0: a limit is found by what admitted requests wait for")
	case f.objective != "":
		if o.Goal.Objective, err = parseDuration(f.objective); err == nil && o.Goal.Objective == 0 {
			err = errors.New("longer than 0")
		}
		if err != nil {
			return o, usagef("--objective %q: %w", f.objective, err)
		}
	}
	if o.Setting.Unit == targets.Connections && o.Point.Concurrency == 1 {
		return o, usagef("--concurrency 1: %s needs at least 2 attempts at once to make a difference", f.setting)
	}
	return o, nil
}

// settingOf returns the setting to look for.
func (f *tuneFlags) settingOf(strategy string, fs *pflag.FlagSet) (targets.Setting, error) {
	of := targets.SettingsOf(strategy)
	setting, err := targets.Setting{}, error(nil)
	if f.setting == "" {
		var ok bool
		if setting, ok = targets.DefaultSetting(strategy); !ok {
			return setting, usagef("--strategy %s: it has no setting of its own to look for", strategy)
		}
	} else if setting, err = targets.SettingByName(f.setting); err != nil {
		return setting, usagef("--setting %q: there are %s", f.setting, settingNames(targets.Settings))
	}
	held := false
	for _, s := range of {
		held = held || s.Name == setting.Name
	}
	switch {
	case !held && len(of) == 0:
		return setting, usagef("--setting %s: strategy %s has none", setting.Name, strategy)
	case !held:
		return setting, usagef("--setting %s: strategy %s does not have it: there are %s", setting.Name, strategy, settingNames(of))
	case fs.Changed(setting.Name):
		return setting, usagef("--%s: it is what is looked for", setting.Name)
	}
	return setting, nil
}

func settingNames(of []targets.Setting) string {
	var names []string
	for _, s := range of {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// parseMix reads one client behaviour, or several with their weights.
func parseMix(value string) ([]tune.Client, error) {
	var mix []tune.Client
	total := 0.0
	words := strings.Split(value, ",")
	for _, word := range words {
		name, weight, weighted := strings.Cut(strings.TrimSpace(word), "=")
		if _, err := parseClient(name); err != nil {
			return nil, usagef("--client %q: %w", name, err)
		}
		w := 1.0
		var err error
		switch {
		case weighted:
			if w, err = strconv.ParseFloat(weight, 64); err != nil || !(w > 0) || math.IsInf(w, 0) {
				return nil, usagef("--client %q: a weight is a number above 0", word)
			}
		case len(words) > 1:
			return nil, usagef("--client %q: of several each needs its weight, as blocking=70,duplex=30", word)
		}
		for _, before := range mix {
			if before.Client == name {
				return nil, usagef("--client %q: stands there twice", name)
			}
		}
		mix = append(mix, tune.Client{Client: name, Weight: w})
		total += w
	}
	for i := range mix {
		if mix[i].Weight /= total; !(mix[i].Weight > 0) {
			return nil, usagef("--client %q: the weights are too far apart", value)
		}
	}
	return mix, nil
}

// parseShare reads a share that no number of attempts can prove or refute at its ends.
func parseShare(flag, value string) (float64, error) {
	v, err := parseLoss(value)
	switch {
	case err != nil:
		return 0, usagef("--%s %q: not a share such as 99.9%%", flag, value)
	case v == 0:
		return 0, usagef("--%s %q: more than 0%%", flag, value)
	case v == 1:
		return 0, usagef("--%s %q: less than 100%%, which no number of attempts can show", flag, value)
	}
	return v, nil
}
