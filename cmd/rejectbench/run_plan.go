package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/scenario"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// runPlan is a run that this machine can measure.
type runPlan struct {
	options   sweep.Options
	scenarios []results.Scenario
	servers   servers
	libraries map[string]string // versions of the library clients, by name
}

// sources are the files that a run reads: the catalogue, and the scenarios it was
// asked for.
type sources struct {
	servers   catalogue.Catalogue
	scenarios []scenario.Scenario
}

// open reads the files that the flags name.
func (f *runFlags) open(fs *pflag.FlagSet) (s sources, err error) {
	if s.servers, err = openCatalogue(f.catalogue); err != nil {
		return s, err
	}
	if fs.Changed("scenario") {
		s.scenarios, err = f.scenarios()
	}
	return s, err
}

// plan checks the flags, and that this machine has the path and the programs that
// they ask for. The caller closes the plan's servers.
func (f *runFlags) plan(cmd *cobra.Command) (p runPlan, err error) {
	sources, err := f.open(cmd.Flags())
	if err != nil {
		return p, err
	}
	if p.options, err = f.options(cmd.Flags(), sources); err != nil {
		return p, err
	}
	if err := f.planRounds(cmd, &p.options, cmd.ErrOrStderr()); err != nil {
		return p, err
	}
	ctx := cmd.Context()
	if p.scenarios, err = f.openScenarios(ctx, sources, &p.options, cmd.ErrOrStderr()); err != nil {
		return p, err
	}
	if p.servers, err = openServers(ctx, p.options.Programs, sources.servers); err != nil {
		return p, err
	}
	defer func() {
		if err != nil {
			p.servers.close()
		}
	}()
	spec, err := f.choosePath(cmd, &p.options)
	if err != nil {
		return p, err
	}
	for _, tried := range p.options.ProgramsToTry() {
		if err := cell.TryProgram(ctx, p.options.Path, spec, tried); err != nil {
			return p, serverError(err)
		}
	}
	p.libraries, err = libraryVersions(ctx, p.options.Points)
	return p, err
}

// choosePath chooses the path of a run. Where no path has a delay, a run that names
// no distance measures the loopback alone, and says so.
func (f *runFlags) choosePath(cmd *cobra.Command, o *sweep.Options) (spec netpath.Spec, err error) {
	ctx := cmd.Context()
	spec = f.spec(anyPath(*o))
	o.Path, err = f.choose(ctx, spec)
	if err != nil && ctx.Err() == nil && spec.Kind == netpath.Auto && f.impairments.none() && !anyChanged(cmd.Flags(), "rtt", "loss", "scenario") {
		fmt.Fprintf(cmd.ErrOrStderr(), "no path with a delay here (rejectbench doctor says why): measuring a round-trip time of 0 alone\n")
		o.Points = withoutDistance(o.Points)
		spec.Impairments = impair.Set{}
		o.Path, err = f.choose(ctx, spec)
	}
	return spec, err
}

// withoutDistance returns the points with a round trip of 0, each once.
func withoutDistance(points []results.Point) []results.Point {
	var near []results.Point
	for _, p := range points {
		if p.RTTMs = 0; !slices.Contains(near, p) {
			near = append(near, p)
		}
	}
	return near
}

// precisionRounds is the most rounds of a run with --precision and without --rounds.
// With the default of 60 attempts of 20 clients, 30 rounds of independent attempts narrow
// the 95% interval of any share to 2.4% either way, and that of a share above 96% or below
// 4% to 1%.
const precisionRounds = 30

// anyPath returns the first path of the run that impairs its packets, or the zero
// value if none does.
func anyPath(o sweep.Options) (im impair.Set) {
	for _, p := range o.Points {
		if im == (impair.Set{}) {
			im = o.PathOf(p)
		}
	}
	return im
}

// options checks the flags and returns what they ask for.
func (f *runFlags) options(fs *pflag.FlagSet, sources sources) (o sweep.Options, err error) {
	values, err := f.gridFlags.read()
	if err != nil {
		return o, err
	}
	programs, err := f.programs(fs, values, sources.servers)
	if err != nil {
		return o, err
	}
	if err := f.check(fs); err != nil {
		return o, err
	}
	im, err := f.impairments.impairments()
	if err != nil {
		return o, err
	}
	if rtt := im.RTT(); rtt != 0 && !fs.Changed("rtt") {
		values["rtt"] = []setter{func(p *results.Point) { p.RTTMs = units.Milliseconds(rtt) }}
	}
	o = f.cellFlags.options(im.WithRTT(0))
	base := f.common(o.Impairments)
	o.Points, o.Programs = values.points(base), programs
	if f.isDefaultGrid(fs) {
		if o.Points, err = defaultPoints(base, f.axisValues); err != nil {
			return o, err
		}
	}
	for i := range o.Points {
		if err := completeArrivals(&o.Points[i], fs.Changed("arrivals")); err != nil {
			return o, err
		}
	}
	if err := f.schedule(fs, &o); err != nil {
		return o, err
	}
	libraryOptions(fs, &o)
	if fs.Changed("scenario") {
		if err := f.scenarioOptions(fs, &o, sources); err != nil {
			return o, err
		}
	}
	return o, f.checkPoints(fs, o, sources.servers)
}

// schedule sets how often the grid is visited, and how much each cell measures.
func (f *runFlags) schedule(fs *pflag.FlagSet, o *sweep.Options) (err error) {
	o.Rounds, o.Seed, o.Twins, o.Budget = f.rounds, uint64(f.seed), f.twins, f.budget
	o.Requests, o.Duration, o.SideBySide = f.requests, f.duration, f.sideBySide
	if fs.Changed("precision") {
		if o.Precision, err = parsePrecision(f.precision); err != nil {
			return usagef("--precision %q: %w", f.precision, err)
		}
		if !fs.Changed("rounds") {
			o.Rounds = precisionRounds
		}
	}
	if f.duration > 0 && !fs.Changed("max-cell") {
		o.MaxCell = f.duration
	}
	return nil
}

// checkPoints checks the flags against the points of the run.
func (f *runFlags) checkPoints(fs *pflag.FlagSet, o sweep.Options, servers catalogue.Catalogue) error {
	if fs.Changed("aa") && f.twins > len(o.Points) {
		there := fmt.Sprintf("there are %d points", len(o.Points))
		if len(o.Points) == 1 {
			there = "there is 1 point"
		}
		return usagef("--aa %d: %s to measure twice", f.twins, there)
	}
	for _, p := range o.Points {
		if err := checkPoint(o, p); err != nil {
			return err
		}
	}
	if err := checkServers(o, servers); err != nil {
		return err
	}
	return f.checkLoopback(anyPath(o))
}

// checkConnection checks that the server and the client of a point can use the
// connection up to its nth request.
func checkConnection(p results.Point) error {
	if p.NthRequest > 1 {
		if s, err := targets.StrategyByName(p.Strategy); err == nil && s.Queues {
			return usagef("--nth-request %d, --strategy %s: it rejects connections before their first request: leave one of them out", p.NthRequest, p.Strategy)
		}
		client, err := loadgen.ClientByName(p.Client)
		if _, library := drivers.ByName(p.Client); library || err == nil && client.OneRequest() {
			return usagef("--nth-request %d, --client %s: it opens a new connection for each attempt: leave one of them out", p.NthRequest, p.Client)
		}
	}
	return nil
}

// check checks each flag by itself.
func (f *runFlags) check(fs *pflag.FlagSet) error {
	switch {
	case f.rounds < 1:
		return usagef("--rounds %d: it has to be at least 1", f.rounds)
	case f.sideBySide < 0:
		return usagef("--side-by-side %d: it cannot be negative", f.sideBySide)
	case f.twins < 0:
		return usagef("--aa %d: it cannot be negative", f.twins)
	case f.duration > f.maxCell && fs.Changed("max-cell"):
		return usagef("--max-cell %v: shorter than --duration %v: leave it out", f.maxCell, f.duration)
	case f.pcap < 0:
		return usagef("--pcap %d: it cannot be negative", f.pcap)
	case f.name == "" || strings.ContainsAny(f.name, "/\\ \t\n,"):
		return usagef("--name %q: a word without spaces, commas and slashes", f.name)
	}
	if err := textOrJSON.check("format", f.format); err != nil {
		return err
	}
	if err := f.attemptFlags.check(fs); err != nil {
		return err
	}
	return f.cellFlags.check(fs)
}

// checkDurations checks every duration flag. None may be negative, and only those
// for which 0 has a meaning may be 0.
func checkDurations(fs *pflag.FlagSet) (err error) {
	zero := map[string]bool{"duration": true, "service-time": true, "budget": true}
	fs.VisitAll(func(fl *pflag.Flag) {
		if fl.Value.Type() != "duration" || err != nil {
			return
		}
		d, e := fs.GetDuration(fl.Name)
		switch {
		case e != nil:
			err = e
		case d < 0 || d > longest:
			err = usagef("--%s %v: within 0 and %v", fl.Name, d, longest)
		case d == 0 && !zero[fl.Name]:
			err = usagef("--%s 0: it has to be longer than 0", fl.Name)
		}
	})
	return err
}

func anyChanged(fs *pflag.FlagSet, flags ...string) bool {
	for _, f := range flags {
		if fs.Changed(f) {
			return true
		}
	}
	return false
}
