package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// capturesDir is where a run's folder has its captures.
const capturesDir = "pcap"

// runFlags are the flags of `run` as they were given.
type runFlags struct {
	strategy, client, rtt, concurrency, body, loss string
	tls, nth                                       string
	limit                                          int
	serviceTime                                    time.Duration
	workers                                        int
	requests                                       int64
	duration                                       time.Duration
	rate                                           float64
	rounds, twins                                  int
	precision                                      string
	budget                                         time.Duration
	path, congestion                               string
	seed                                           int64
	out, name                                      string
	format                                         string
	quiet                                          bool
	timeout, readDelay, maxCell                    time.Duration
	bounds                                         targets.Bounds
	impairments                                    *pathFlags
	pcap                                           int
	ipv6                                           bool
	servers                                        []string
	scenario                                       string
	catalogue                                      string
	listenTimeout                                  time.Duration
}

func runCommand() *cobra.Command { return new(runFlags).command() }

// command reads the flags into f.
func (f *runFlags) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "measure a grid of strategies, clients, round-trip times, concurrencies and bodies",
		Long: `Measure every cell of a grid: strategy x client x round-trip time x concurrency x
body x loss. Each cell has its own server, path and fleet, in processes of their
own. Without any flag of the grid a default grid is run; see --help of those flags.`,
		Args: positional(0, 0, "takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, *f) },
	}
	fs := cmd.Flags()
	gridFlags(fs, f)
	f.cellFlags(fs)
	fs.Int64Var(&f.requests, "requests", 0, "attempts a cell (default twice the concurrency, at least 100, unless --duration is given)")
	fs.DurationVar(&f.duration, "duration", 0, "how long a cell starts attempts, in place of --requests")
	fs.Float64Var(&f.rate, "rate", 0, "attempts due a second, with latency from the due time; 0 is a closed loop")
	fs.IntVar(&f.rounds, "rounds", 1, fmt.Sprintf("how often the whole grid is visited, each time in another random order; with --precision at most, and %d if not given", precisionRounds))
	fs.IntVar(&f.twins, "aa", 1, "points, chosen by the seed, that each round measures twice, to show what equal cells differ by; 0 is none")
	fs.StringVar(&f.precision, "precision", "", "visit a point until half the width of its delivered share's 95% interval is at most this, such as 1%")
	fs.DurationVar(&f.budget, "budget", 0, "time limit of the whole run: it ends after the cell that is under way then, with what it has; 0 is none")
	fs.StringArrayVar(&f.servers, "server", nil, serverUsage+"; may stand several times")
	fs.StringVar(&f.scenario, "scenario", "", scenarioUsage)
	fs.StringVar(&f.catalogue, "catalogue", "", catalogueUsage)
	fs.DurationVar(&f.listenTimeout, "listen-timeout", 10*time.Second, listenTimeoutUsage)
	fs.Int64Var(&f.seed, "seed", 1, "seed of the cells' order and of lost packets")
	fs.IntVar(&f.pcap, "pcap", 0, "keep the packets of so many connections of each outcome of each cell, as pcapng")
	fs.StringVar(&f.out, "out", "", "folder of the run (default results/<time>-<name>)")
	fs.StringVar(&f.name, "name", "run", "name of the run")
	fs.StringVar(&f.format, "format", "text", "what goes to standard output: text or json (one object a cell, a line each)")
	fs.DurationVar(&f.maxCell, "max-cell", time.Minute, "no attempt of a cell starts later than this, and one with fewer than its --requests by then is invalid; a --duration is its own limit")
	return cmd
}

// cellFlags are the flags that say how a cell is run, wherever cells are.
func (f *runFlags) cellFlags(fs *pflag.FlagSet) {
	boundsFlags(fs, &f.bounds)
	// The round trip and the loss have flags of their own.
	f.impairments = newPathFlags(fs, "rtt", "delay-up", "delay-down", "loss")
	fs.IntVar(&f.limit, "limit", 0, "connections admitted at once; 0 rejects every one")
	fs.DurationVar(&f.serviceTime, "service-time", 10*time.Millisecond, "how long an admitted request takes")
	workersFlag(fs, &f.workers)
	fs.StringVar(&f.path, "path", "auto", "path between fleet and server: auto, netem, delayline or loopback")
	fs.BoolVar(&f.ipv6, "ipv6", false, ipv6Usage)
	fs.StringVar(&f.congestion, "congestion", netpath.DefaultCongestion, "congestion control of fleet and server, such as reno or bbr; system is the machine's own")
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on standard error")
	fs.DurationVar(&f.timeout, "timeout", 10*time.Second, "time limit of each phase of an attempt: connect, send, receive")
	fs.DurationVar(&f.readDelay, "read-delay", 100*time.Millisecond, "how long the slow-reader client waits before it reads")
}

// run measures a grid and reports it.
func run(cmd *cobra.Command, f runFlags) error {
	options, err := f.options(cmd.Flags())
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	scenarios, err := f.openScenarios(ctx, &options, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	servers, err := openServers(ctx, options.Programs, f.catalogue)
	if err != nil {
		return err
	}
	defer servers.close()
	kind, _ := netpath.ParseKind(f.path)
	spec := netpath.Spec{Kind: kind, Impairments: anyPath(options), Congestion: f.congestion, IPv6: f.ipv6}
	options.Path, err = cell.Choose(ctx, spec)
	if err != nil && ctx.Err() == nil && kind == netpath.Auto && f.impairments.none() && !anyChanged(cmd.Flags(), "rtt", "loss", "scenario") {
		// Nobody asked for a distance by name: what this system allows is
		// better than nothing, if it is said.
		fmt.Fprintf(cmd.ErrOrStderr(), "no path with a delay here (rejectbench doctor says why): measuring a round-trip time of 0 alone\n")
		options.Points = slices.DeleteFunc(options.Points, func(p sweep.Point) bool { return p.RTT != 0 })
		spec.Impairments = impair.Set{}
		options.Path, err = cell.Choose(ctx, spec)
	}
	if err != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		return environmentError{fmt.Errorf("--path %s: %w (rejectbench doctor says more)", f.path, err)}
	}
	for _, p := range options.Tried() {
		if err := cell.TryProgram(ctx, options.Path, spec, p); err != nil {
			return serverError(err)
		}
	}
	versions, err := libraryVersions(ctx, options.Points)
	if err != nil {
		return err
	}
	// Not before this: a run that cannot be leaves no folder behind.
	dir, err := f.folder(time.Now())
	if err != nil {
		return err
	}
	options.Ladders = ladderPoints(options)
	options.Captures, options.Capture = filepath.Join(dir, capturesDir), f.pcap
	manifest, err := newManifest(f.name, options, cmd.Flags())
	if err != nil {
		return err
	}
	servers.describe(&manifest)
	manifest.Scenarios = scenarios
	if f.isDefaultGrid(cmd.Flags()) {
		manifest.Options["grid"] = "default: more than the product of its flags"
	}
	describeLibraries(&manifest, versions)
	writer, err := results.Create(dir, manifest)
	if err != nil {
		return usagef("--out: %w", err)
	}
	cells, sweepErr := sweepCells(ctx, cmd, f, options, writer)
	interrupted := errors.Is(sweepErr, context.Canceled)
	outOfBudget := errors.Is(sweepErr, sweep.ErrBudget)
	if outOfBudget {
		sweepErr = nil // to end then was asked for
	}
	err = writer.Close(func(m *results.Manifest) {
		m.Finished = time.Now().UTC()
		m.Interrupted = sweepErr != nil
		m.OutOfBudget = outOfBudget
		m.TCP = cells.sysctl
	})
	if sweepErr != nil && !interrupted {
		return errors.Join(sweepErr, err)
	}
	if err != nil {
		return err
	}
	if outOfBudget {
		fmt.Fprintf(cmd.ErrOrStderr(), "--budget %v is used up: %d of %d cells are done\n", f.budget, cells.done, options.Planned())
	}
	if interrupted {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d cells are in %s\n", len(cells.records), dir)
		return sweepErr
	}
	report, err := writeReport(dir)
	if err != nil {
		return err
	}
	if f.format == "text" {
		if err := printRun(cmd.OutOrStdout(), report, dir); err != nil {
			return err
		}
	}
	note := cmd.ErrOrStderr()
	if f.format == "text" {
		note = cmd.OutOrStdout()
	}
	fmt.Fprintf(note, "\nreport: %s\n", filepath.Join(dir, results.ReportFile))
	if !slices.ContainsFunc(cells.records, func(c results.Cell) bool { return c.Valid }) {
		return errors.New("no cell is valid; the report has the reasons")
	}
	return nil
}

// printRun writes the table and the findings of a run.
func printRun(w io.Writer, run *results.Run, dir string) error {
	return printStudy(w, analysis.NewStudy(run))
}

// swept is what a sweep has brought so far.
type swept struct {
	records []results.Cell
	done    int // cells, invalid ones among them; a cell that was run again is one
	sysctl  map[string]string
}

func sweepCells(ctx context.Context, cmd *cobra.Command, f runFlags, o sweep.Options, w *results.Writer) (s swept, err error) {
	var bar progress = silent{}
	if !f.quiet {
		bar = newProgress(cmd.ErrOrStderr(), o, time.Now)
	}
	defer bar.close()
	s.sysctl, err = sweep.Run(ctx, o, sweep.Events{
		Planned: bar.planned,
		Started: bar.started,
		Done: func(c results.Cell, final bool) error {
			s.records = append(s.records, c)
			if final {
				s.done++
			}
			if err := w.Append(c); err != nil {
				return err
			}
			if f.format == "json" {
				line, err := results.EncodeCell(c)
				if err != nil {
					return err
				}
				if _, err := cmd.OutOrStdout().Write(line); err != nil {
					return fmt.Errorf("write to standard output: %w", err)
				}
			}
			bar.done(c, final)
			return nil
		},
		Drawn: func(p sweep.Point, svg string) error { return writeLadder(w.Dir(), p, svg) },
	})
	return s, err
}

// precisionRounds is how many rounds a run takes at most where a precision is
// asked for and no number of rounds: 30 of the default 100 attempts narrow the
// interval of any share to 1.8% either way, and that of a share above 92% or below
// 8% to 1%.
const precisionRounds = 30

// parsePrecision reads half the width of an interval.
func parsePrecision(word string) (float64, error) {
	number, percent := strings.CutSuffix(word, "%")
	v, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || math.IsNaN(v) || !percent:
		return 0, errors.New("not a percentage such as 1% or 0.5%")
	case v <= 0 || v >= 50:
		return 0, errors.New("not above 0% and below 50%")
	}
	return v / 100, nil
}

// folder returns the run's folder, and an error if nothing can be written there.
func (f runFlags) folder(now time.Time) (string, error) {
	dir := f.out
	if dir == "" {
		dir = filepath.Join("results", now.UTC().Format("20060102-150405")+"-"+f.name)
	}
	if _, err := os.Stat(filepath.Join(dir, results.CellsFile)); err == nil {
		return "", usagef("--out %s: it already holds a run: name another folder", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", usagef("--out %s: %w", dir, err)
	}
	probe, err := os.CreateTemp(dir, ".write")
	if err != nil {
		return "", usagef("--out %s: it cannot be written: %w", dir, err)
	}
	probe.Close()
	return dir, os.Remove(probe.Name())
}

// anyPath is the first path of the run that does something to its packets; zero
// when none does.
func anyPath(o sweep.Options) (im impair.Set) {
	for _, p := range o.Points {
		if im == (impair.Set{}) {
			im = o.PathOf(p)
		}
	}
	return im
}

// gridFlags are the flags whose values span the grid.
func gridFlags(fs *pflag.FlagSet, f *runFlags) {
	fs.StringVar(&f.strategy, "strategy", strings.Join(defaultAxes.Strategies, ","), "strategies, or all")
	fs.StringVar(&f.client, "client", strings.Join(defaultAxes.Clients, ","), "client behaviours, or all of them, and library clients; see list clients")
	fs.StringVar(&f.rtt, "rtt", joined(defaultAxes.RTTs), "round-trip times")
	fs.StringVar(&f.concurrency, "concurrency", joined(defaultAxes.Concurrencies), "attempts in flight at once")
	fs.StringVar(&f.body, "body", "0,64KiB,1MiB", "sizes of the request's body")
	fs.StringVar(&f.loss, "loss", "0", "share of packets lost each way")
	fs.StringVar(&f.tls, "tls", "off", tlsUsage+": off, on, or both")
	fs.StringVar(&f.nth, "nth-request", "1", nthUsage)
}

// Of flags that several commands share.
const (
	tlsUsage = "connections speak TLS 1.3, with a certificate made for the run that no client verifies"
	nthUsage = "place of the rejected request on its connection; those before it are admitted, and keep it open"
)

// joined writes a flag's default.
func joined[T any](values []T) string {
	var words []string
	for _, v := range values {
		w := fmt.Sprint(v)
		if w == "0s" {
			w = "0"
		}
		words = append(words, w)
	}
	return strings.Join(words, ",")
}

// workersFlag gives a connection limit a service to be tuned against.
func workersFlag(fs *pflag.FlagSet, n *int) {
	fs.IntVar(n, "workers", 0, "admitted requests in their service time at once, the others wait their turn; 0 is no limit")
}

func boundsFlags(fs *pflag.FlagSet, b *targets.Bounds) {
	fs.DurationVar(&b.LingerIdle, "linger-idle", 5*time.Second, "lingering ends when no byte came for so long (nginx lingering_timeout 5s, Apache 2s)")
	fs.DurationVar(&b.LingerTotal, "linger-total", 30*time.Second, "lingering ends after so long (nginx lingering_time 30s, Apache 30s)")
	fs.IntVar(&b.Lingerers, "lingerers", 0, "most connections that linger at once, one above is closed as close does; 0 is no limit")
	fs.Int64Var(&b.LingerBytes, "linger-bytes", 0, "lingering ends after so many bytes, 0 is no limit (Tomcat maxSwallowSize 2097152)")
	fs.DurationVar(&b.CloseDelay, "close-delay", 500*time.Millisecond, "how long delayed-close waits (Go 500ms, Envoy 1s)")
	fs.DurationVar(&b.QuietFloor, "quiet-floor", 50*time.Millisecond, "what drain-until-acked adds to the round trip for which input must be quiet")
	fs.DurationVar(&b.AckTimeout, "ack-timeout", 5*time.Second, "how long wait-acked and drain-until-acked wait")
}

// options checks the flags and returns what they ask for.
func (f runFlags) options(fs *pflag.FlagSet) (o sweep.Options, err error) {
	var a sweep.Axes
	if a.Strategies, err = words("strategy", f.strategy, strategyTerms(), parseStrategy); err != nil {
		return o, err
	}
	programs, err := f.programs(fs, &a)
	if err != nil {
		return o, err
	}
	if a.Clients, err = words("client", f.client, clientTerms(), parseAnyClient); err != nil {
		return o, err
	}
	if a.RTTs, err = list("rtt", f.rtt, parseRTT); err != nil {
		return o, err
	}
	if a.Concurrencies, err = list("concurrency", f.concurrency, parseConcurrency); err != nil {
		return o, err
	}
	if a.Bodies, err = list("body", f.body, parseSize); err != nil {
		return o, err
	}
	if a.Losses, err = list("loss", f.loss, parseLoss); err != nil {
		return o, err
	}
	if a.TLS, err = list("tls", f.tls, parseOnOff); err != nil {
		return o, err
	}
	if a.Nths, err = list("nth-request", f.nth, parseNth); err != nil {
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
		a.RTTs = []time.Duration{rtt}
	}
	o = sweep.Options{
		Points: a.Points(), Rounds: f.rounds, Seed: uint64(f.seed), Twins: f.twins, Budget: f.budget,
		Congestion: f.congestion, IPv6: f.ipv6, Programs: programs, Limit: f.limit, ServiceTime: f.serviceTime, Workers: f.workers,
		Requests: f.requests, Duration: f.duration, Rate: f.rate,
		Timeout: f.timeout, ReadDelay: f.readDelay, MaxCell: f.maxCell, Bounds: f.bounds,
	}
	o.Impairments = im.WithRTT(0)
	if fs.Changed("precision") {
		if o.Precision, err = parsePrecision(f.precision); err != nil {
			return o, usagef("--precision %q: %w", f.precision, err)
		}
		if !fs.Changed("rounds") {
			o.Rounds = precisionRounds
		}
	}
	if f.duration > 0 && !fs.Changed("max-cell") {
		o.MaxCell = f.duration
	}
	if f.isDefaultGrid(fs) {
		o.Points = defaultGrid()
	}
	if err := libraryOptions(fs, &o); err != nil {
		return o, err
	}
	if fs.Changed("scenario") {
		if err := f.scenarioOptions(fs, &o); err != nil {
			return o, err
		}
	}
	if fs.Changed("aa") && f.twins > len(o.Points) {
		there := fmt.Sprintf("there are %d points", len(o.Points))
		if len(o.Points) == 1 {
			there = "there is 1 point"
		}
		return o, usagef("--aa %d: %s to measure twice", f.twins, there)
	}
	for _, p := range o.Points {
		if err := checkPath(o.PathOf(p)); err != nil {
			return o, err
		}
		if err := checkConnection(p); err != nil {
			return o, err
		}
	}
	if err := checkServers(o, f.catalogue); err != nil {
		return o, err
	}
	if f.path == string(netpath.Loopback) && anyPath(o) != (impair.Set{}) {
		return o, usagef("--path loopback: %w: give --rtt 0", netpath.ErrNeedsDelay)
	}
	return o, nil
}

// checkConnection checks that what shall happen on a point's connections can.
func checkConnection(p sweep.Point) error {
	if p.Nth > 1 {
		if s, err := targets.StrategyByName(p.Strategy); err == nil && s.Queues {
			return usagef("--nth-request %d, --strategy %s: it rejects connections before their first request: leave it out", p.Nth, p.Strategy)
		}
		client, err := loadgen.ClientByName(p.Client)
		if _, library := drivers.ByName(p.Client); library || err == nil && client.OneRequest() {
			return usagef("--nth-request %d, --client %s: a library makes each attempt on a connection of its own: leave it out", p.Nth, p.Client)
		}
	}
	return nil
}

// check checks the flags that stand alone.
func (f runFlags) check(fs *pflag.FlagSet) error {
	_, err := netpath.ParseKind(f.path)
	switch {
	case err != nil:
		return usagef("--path %q: there are auto, netem, delayline and loopback", f.path)
	case f.limit < 0:
		return usagef("--limit %d: it cannot be negative", f.limit)
	case f.rounds < 1:
		return usagef("--rounds %d: at least 1", f.rounds)
	case f.twins < 0:
		return usagef("--aa %d: it cannot be negative", f.twins)
	case f.duration > f.maxCell && fs.Changed("max-cell"):
		return usagef("--max-cell %v: shorter than --duration %v: leave it out", f.maxCell, f.duration)
	case f.format != "text" && f.format != "json":
		return usagef("--format %q: text or json", f.format)
	case f.pcap < 0:
		return usagef("--pcap %d: it cannot be negative", f.pcap)
	case f.bounds.LingerBytes < 0:
		return usagef("--linger-bytes %d: it cannot be negative", f.bounds.LingerBytes)
	case f.bounds.Lingerers < 0:
		return usagef("--lingerers %d: it cannot be negative", f.bounds.Lingerers)
	case f.workers < 0:
		return usagef("--workers %d: it cannot be negative", f.workers)
	case f.name == "" || strings.ContainsAny(f.name, "/\\ \t\n,"):
		return usagef("--name %q: a word without spaces, commas and slashes", f.name)
	}
	if err := checkSchedule(fs, f.requests, f.duration, f.rate); err != nil {
		return err
	}
	return checkDurations(fs)
}

// checkSchedule checks the flags that say how many attempts there are, and when.
func checkSchedule(fs *pflag.FlagSet, requests int64, duration time.Duration, rate float64) error {
	switch {
	case requests < 0 || fs.Changed("requests") && requests == 0:
		return usagef("--requests %d: at least 1", requests)
	case fs.Changed("requests") && fs.Changed("duration"):
		return usagef("--requests %d, --duration %v: give one of them", requests, duration)
	case fs.Changed("duration") && duration == 0:
		return usagef("--duration %v: longer than 0", duration)
	case !(rate >= 0 && rate <= 1e7):
		return usagef("--rate %v: within 0 and 10000000 a second", rate)
	}
	return nil
}

// checkDurations checks every duration flag: none may be negative, and none
// but the durations of which 0 means something may be 0.
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
			err = usagef("--%s 0: longer than 0", fl.Name)
		}
	})
	return err
}

// isDefaultGrid tells whether nothing was said of the grid or the path.
func (f runFlags) isDefaultGrid(fs *pflag.FlagSet) bool {
	return f.impairments.none() && !anyChanged(fs, "strategy", "server", "client", "rtt", "concurrency", "body", "loss", "tls", "nth-request", "scenario")
}

func anyChanged(fs *pflag.FlagSet, flags ...string) bool {
	for _, f := range flags {
		if fs.Changed(f) {
			return true
		}
	}
	return false
}

// flagValues returns every flag with the value in force.
func flagValues(fs *pflag.FlagSet) map[string]string {
	values := map[string]string{}
	fs.VisitAll(func(fl *pflag.Flag) {
		if fl.Name != "help" {
			values[fl.Name] = fl.Value.String()
		}
	})
	return values
}
