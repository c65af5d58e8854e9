package main

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis/tune"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	tuner "github.com/rejectbench/rejectbench/cmd/internal/tune"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// options checks the flags and returns what they ask for.
func (f *tuneFlags) options(fs *pflag.FlagSet) (o tuner.Options, err error) {
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
	if f.budget <= 0 {
		return o, usagef("--budget %v: it has to be longer than 0", f.budget)
	}
	o.Budget = f.budget
	im, err := f.impairments.impairments()
	if err != nil {
		return o, err
	}
	if o.Point, err = f.point(f.common(im.WithRTT(0))); err != nil {
		return o, err
	}
	o.Point.Client = o.Clients[0].Client
	if o.Cells, err = f.cells(fs, &o.Point, im); err != nil {
		return o, err
	}
	if o.Setting, err = f.settingOf(o.Point.Strategy, fs); err != nil {
		return o, err
	}
	f.setting = o.Setting.Name
	o.Goal.Objective, err = f.goalOf(o.Setting, o.Point)
	return o, err
}

// point returns the point that is measured: p with the values of the flags of axes.
// It has no client yet. A concurrency of 0 is found by measuring.
func (f *tuneFlags) point(p results.Point) (results.Point, error) {
	for _, a := range slices.Backward(axes) {
		text := f.axisValues[a.flag]
		if text == nil || a.flag == "concurrency" && *text == "auto" {
			continue
		}
		if err := a.set(&p, *text); err != nil {
			return p, err
		}
	}
	if err := completeArrivals(&p, *f.axisValues["arrivals"] != axisOf("arrivals").standard); err != nil {
		return p, err
	}
	return p.Key(), nil
}

// cells returns how every cell of the search is run. A round trip of the path's
// settings, such as a profile's, becomes the point's unless --rtt is given.
func (f *tuneFlags) cells(fs *pflag.FlagSet, p *results.Point, im impair.Set) (o sweep.Options, err error) {
	if err := textOrJSON.check("format", f.format); err != nil {
		return o, err
	}
	if err := f.cellFlags.check(fs); err != nil {
		return o, err
	}
	if rtt := im.RTT(); rtt != 0 && !fs.Changed("rtt") {
		p.RTTMs = units.Milliseconds(rtt)
	}
	o = f.cellFlags.options(im.WithRTT(0))
	o.Points, o.Rounds, o.Seed = []results.Point{*p}, 1, uint64(f.seed)
	if err := checkPoint(o, *p); err != nil {
		return o, err
	}
	return o, f.checkLoopback(o.PathOf(*p))
}

// goalOf checks that the search for a setting can have a result, and returns the
// objective of a search for a limit.
func (f *tuneFlags) goalOf(setting targets.Setting, p results.Point) (objective time.Duration, err error) {
	limit := setting.Name == "limit"
	switch {
	case f.objective != "" && !limit:
		return 0, usagef("--objective %s: only --setting limit takes one", f.objective)
	case limit && f.objective == "":
		return 0, usagef("--setting limit: give --objective, the longest admitted response time")
	case limit && f.serviceTime == 0:
		return 0, usagef("--service-time 0: --setting limit needs a longer one: it measures how long admitted requests queue")
	case f.objective != "":
		if objective, err = parseDuration(f.objective); err == nil && objective == 0 {
			err = errors.New("it has to be longer than 0")
		}
		if err != nil {
			return 0, usagef("--objective %q: %w", f.objective, err)
		}
	}
	if setting.Unit == targets.Connections && p.Concurrency == 1 {
		return 0, usagef("--concurrency 1: %s needs at least 2 attempts at once to make a difference", setting.Name)
	}
	return objective, nil
}

// settingOf returns the setting to tune.
func (f *tuneFlags) settingOf(strategy string, fs *pflag.FlagSet) (targets.Setting, error) {
	of := targets.SettingsOf(strategy)
	setting, err := targets.Setting{}, error(nil)
	if f.setting == "" {
		var ok bool
		if setting, ok = targets.DefaultSetting(strategy); !ok {
			return setting, usagef("--strategy %s: it has no main setting: give --setting", strategy)
		}
	} else if setting, err = one("setting", f.setting, targets.SettingByName); err != nil {
		return setting, tuneSettings.check("setting", f.setting)
	}
	held := false
	for _, s := range of {
		held = held || s.Name == setting.Name
	}
	switch {
	case !held && len(of) == 0:
		return setting, usagef("--setting %s: strategy %s has no settings", setting.Name, strategy)
	case !held:
		return setting, usagef("--setting %s: strategy %s does not have it, but %s", setting.Name, strategy, strings.Join(settingNames(of), ", "))
	case fs.Changed(setting.Name):
		return setting, usagef("--%s: it is the setting to tune", setting.Name)
	}
	return setting, nil
}

func settingNames(of []targets.Setting) []string {
	var names []string
	for _, s := range of {
		names = append(names, s.Name)
	}
	return names
}

// parseMix reads one client behaviour, or several with their weights.
func parseMix(value string) ([]tune.Client, error) {
	var mix []tune.Client
	total := 0.0
	words := strings.Split(value, ",")
	for _, word := range words {
		name, weight, weighted := strings.Cut(strings.TrimSpace(word), "=")
		if _, err := one("client", name, parseClient); err != nil {
			return nil, err
		}
		w := 1.0
		var err error
		switch {
		case weighted:
			if w, err = strconv.ParseFloat(weight, 64); err != nil || !(w > 0) || math.IsInf(w, 0) {
				return nil, usagef("--client %q: a weight is a number above 0", word)
			}
		case len(words) > 1:
			return nil, usagef("--client %q: in a mix each client needs a weight, such as blocking=70,duplex=30", word)
		}
		for _, before := range mix {
			if before.Client == name {
				return nil, usagef("--client %q: duplicate client", name)
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

// parseShare reads a share above 0% and below 100%: no number of attempts can show
// either of them.
func parseShare(flag, value string) (float64, error) {
	v, err := units.ParseShare(value)
	switch {
	case errors.Is(err, units.ErrShareRange):
		return 0, usagef("--%s %q: not above 0%% and below 100%%", flag, value)
	case err != nil:
		return 0, usagef("--%s %q: not a share such as 99.9%%", flag, value)
	case v == 0:
		return 0, usagef("--%s %q: it has to be above 0%%", flag, value)
	case v == 1:
		return 0, usagef("--%s %q: it has to be below 100%%: no number of attempts can show 100%%", flag, value)
	}
	return v, nil
}
