package main

import (
	"cmp"
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
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// options checks the flags and returns what they ask for.
func (f *tuneFlags) options(fs *pflag.FlagSet, all catalogue.Catalogue) (o tuner.Options, err error) {
	var mixes [][]tune.Client
	if mixes, err = parseClients(f.client); err != nil {
		return o, err
	}
	for _, mix := range mixes {
		o.Clients = append(o.Clients, mix...)
	}
	if o.Goal.Target, err = parseShare("target", f.target); err != nil {
		return o, err
	}
	confidence, err := parseShare("confidence", f.confidence)
	if err != nil {
		return o, err
	}
	o.Goal.Alpha = 1 - confidence
	if f.budget <= 0 && fs.Changed("budget") {
		return o, usagef("--budget %v: it has to be longer than 0", f.budget)
	}
	im, err := f.impairments.impairments()
	if err != nil {
		return o, err
	}
	points, err := f.points(f.common(im.WithRTT(0)))
	if err != nil {
		return o, err
	}
	if err := f.checkServer(fs, &o, all); err != nil {
		return o, err
	}
	if o.Cells, err = f.cells(fs, points, mixes, im); err != nil {
		return o, err
	}
	if o.Server == nil {
		if o.Setting, err = f.settingOf(points[0].Strategy, fs); err != nil {
			return o, err
		}
	}
	f.setting = o.Setting.Name
	for _, p := range points {
		for _, mix := range mixes {
			o.Corners = append(o.Corners, tuner.Corner{Point: p, Clients: mix})
		}
	}
	slices.SortStableFunc(o.Corners, harder)
	o.Budget = cmp.Or(f.budget, cornerBudget*time.Duration(len(o.Corners)+5))
	if o.Margin = f.margin; !fs.Changed("margin") {
		o.Margin = tuner.DefaultMargin(o.Setting.Unit)
	} else if !(f.margin >= 1 && f.margin <= maxMargin) {
		return o, usagef("--margin %v: within 1 and %d", f.margin, maxMargin)
	}
	o.Goal.Objective, err = f.goalOf(o.Setting, points)
	return o, err
}

// cornerBudget is how long a search may take for each corner, if --budget is not given.
// The first counts six times, because a search mostly measures the hardest one.
const cornerBudget = time.Minute

// maxMargin is the largest margin.
const maxMargin = 100

// harder orders corners by how hard they are expected to be: by round trip times body,
// which says how long a rejected request is still on its way, then by loss, body,
// round trip and concurrency.
func harder(a, b tuner.Corner) int {
	p, q := a.Point, b.Point
	return cmp.Or(
		cmp.Compare((q.RTTMs+1)*float64(q.BodyBytes), (p.RTTMs+1)*float64(p.BodyBytes)),
		cmp.Compare(q.Loss, p.Loss), cmp.Compare(q.BodyBytes, p.BodyBytes), cmp.Compare(q.RTTMs, p.RTTMs), cmp.Compare(q.Concurrency, p.Concurrency))
}

// points returns the combinations of the values of the flags of axes. They have no
// client yet. A concurrency of 0 is found by measuring.
func (f *tuneFlags) points(base results.Point) ([]results.Point, error) {
	strategy := axisOf("strategy")
	if err := strategy.set(&base, *f.axisValues["strategy"]); err != nil {
		return nil, err
	}
	g := grid{}
	for _, a := range axes {
		text := f.axisValues[a.flag]
		if a.flag == "strategy" || text == nil || a.flag == "concurrency" && *text == "auto" {
			g[a.flag] = []setter{func(*results.Point) {}}
			continue
		}
		values, err := a.list(*text)
		if err != nil {
			return nil, err
		}
		g[a.flag] = values
	}
	points := g.points(base)
	for i := range points {
		if err := completeArrivals(&points[i], *f.axisValues["arrivals"] != axisOf("arrivals").standard); err != nil {
			return nil, err
		}
	}
	return points, nil
}

// cells returns how every cell of the search is run. A round trip of the path's
// settings, such as a profile's, becomes the points' unless --rtt is given.
func (f *tuneFlags) cells(fs *pflag.FlagSet, points []results.Point, mixes [][]tune.Client, im impair.Set) (o sweep.Options, err error) {
	if err := textOrJSON.check("format", f.format); err != nil {
		return o, err
	}
	if err := f.cellFlags.check(fs); err != nil {
		return o, err
	}
	o = f.cellFlags.options(im.WithRTT(0))
	o.Rounds, o.Seed = 1, uint64(f.seed)
	for i := range points {
		if rtt := im.RTT(); rtt != 0 && !fs.Changed("rtt") {
			points[i].RTTMs = units.Milliseconds(rtt)
		}
		for _, mix := range mixes {
			p := points[i]
			p.Client = mix[0].Client
			o.Points = append(o.Points, p)
			if err := checkPoint(o, p); err != nil {
				return o, err
			}
			if err := f.checkLoopback(o.PathOf(p)); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// goalOf checks that the search for a setting can have a result, and returns the
// objective of a search for a limit.
func (f *tuneFlags) goalOf(setting targets.Setting, points []results.Point) (objective time.Duration, err error) {
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
	if setting.Unit == targets.Connections && slices.ContainsFunc(points, func(p results.Point) bool { return p.Concurrency == 1 }) {
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

// parseClients reads client behaviours: several that are served each, or one mix.
func parseClients(value string) (mixes [][]tune.Client, err error) {
	if strings.Contains(value, "=") {
		mix, err := parseMix(value)
		return [][]tune.Client{mix}, err
	}
	names, err := list("client", value, func(word string) (string, error) { return parseClient(word) })
	for _, name := range names {
		mixes = append(mixes, []tune.Client{{Client: name, Weight: 1}})
	}
	return mixes, err
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
