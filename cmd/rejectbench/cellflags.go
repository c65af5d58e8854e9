package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// cellFlags are the flags for the parts of a cell: the server, the path and the
// client. Each command defines those that it needs; the others stay zero.
type cellFlags struct {
	// The reference server.
	limit       int
	serviceTime time.Duration
	workers     int
	bounds      targets.Bounds
	// Other servers.
	catalogue     string
	listenTimeout time.Duration
	// The path.
	path, congestion string
	ipv6             bool
	impairments      *pathFlags
	// The CPUs of server, path and client.
	cpus string
	// The client, and the time limit of a cell.
	timeout, readDelay, maxCell time.Duration
}

// Headings of the help, and usage texts of flags that several commands define.
const (
	serverHeading   = "Reference server"
	strategyHeading = "Bounds of the strategies"
	otherHeading    = "Other servers"
	clientHeading   = "Client"
	pathHeading     = "Path (-up: to the server, -down: to the client, neither: both ways)"
	outputHeading   = "Output"

	tlsUsage    = "connections speak TLS 1.3; the certificate is made for the run, and no client verifies it"
	nthUsage    = "place of the rejected request on its connection; the requests before it are admitted and keep the connection open"
	serverUsage = "`name`: server measured instead of the reference server: NAME, NAME:VARIANT or NAME:DIRECTIVE=VALUE of 'list servers', or a command that stays " +
		"in the foreground, such as 'python3 -m http.server --bind {host} {port}'"
	catalogueUsage = "`folder`: *.yaml files with more servers"
)

// defineBounds defines the time and byte limits of the strategies.
func (f *cellFlags) defineBounds(fs *pflag.FlagSet) {
	b := &f.bounds
	under(fs, strategyHeading, func(fs *pflag.FlagSet) {
		fs.DurationVar(&b.LingerIdle, "linger-idle", 5*time.Second, "lingering ends after this long without a byte (nginx lingering_timeout 5s, Apache 2s)")
		fs.DurationVar(&b.LingerTotal, "linger-total", 30*time.Second, "lingering ends after this long (nginx lingering_time 30s, Apache 30s)")
		fs.Int64Var(&b.LingerBytes, "linger-bytes", 0, "`bytes`: lingering ends after this many bytes; 0 is no limit (Tomcat maxSwallowSize 2097152, not after a 503)")
		fs.IntVar(&b.Lingerers, "lingerers", 0, "`count`: connections that may linger at once; further ones are closed as close does; 0 is no limit")
		fs.DurationVar(&b.CloseDelay, "close-delay", 500*time.Millisecond, "how long delayed-close waits (Go 500ms, Envoy 1s)")
		fs.DurationVar(&b.QuietFloor, "quiet-floor", 50*time.Millisecond, "drain-until-acked ends once input was quiet for a round trip and this long")
		fs.DurationVar(&b.AckTimeout, "ack-timeout", 5*time.Second, "how long wait-acked and drain-until-acked wait at most")
	})
}

// defineLimit defines the connection limit of the reference server.
func (f *cellFlags) defineLimit(fs *pflag.FlagSet) {
	under(fs, serverHeading, func(fs *pflag.FlagSet) {
		fs.IntVar(&f.limit, "limit", 0, "`count`: connections admitted at once; 0 rejects every connection")
	})
}

// defineService defines how the reference server works on admitted requests.
// Without a service time and workers, all limits above 0 perform the same.
func (f *cellFlags) defineService(fs *pflag.FlagSet) {
	under(fs, serverHeading, func(fs *pflag.FlagSet) {
		fs.DurationVar(&f.serviceTime, "service-time", 10*time.Millisecond, "how long an admitted request takes")
		fs.IntVar(&f.workers, "workers", 0, "`count`: requests served at once; further admitted requests queue; 0 is no limit")
	})
}

// defineCatalogue defines what other servers need.
func (f *cellFlags) defineCatalogue(fs *pflag.FlagSet) {
	under(fs, otherHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.catalogue, "catalogue", "", catalogueUsage)
		fs.DurationVar(&f.listenTimeout, "listen-timeout", 10*time.Second, "how long a server may take until it listens")
	})
}

// definePath defines the path, without the settings to skip, which the command
// defines itself.
func (f *cellFlags) definePath(fs *pflag.FlagSet, skip ...string) {
	under(fs, pathHeading, func(fs *pflag.FlagSet) {
		fs.StringVar(&f.path, "path", "auto", "`kind`: path between client and server: auto, netem, delayline or loopback")
		fs.StringVar(&f.congestion, "congestion", netpath.DefaultCongestion, "`name`: congestion control at both ends, such as reno or bbr; system is the machine's default")
		fs.BoolVar(&f.ipv6, "ipv6", false, "client and server speak IPv6 instead of IPv4")
		f.impairments = newPathFlags(fs, skip...)
	})
}

// defineClient defines the time limits of the clients.
func (f *cellFlags) defineClient(fs *pflag.FlagSet) {
	under(fs, clientHeading, func(fs *pflag.FlagSet) {
		fs.DurationVar(&f.timeout, "timeout", loadgen.DefaultTimeout, "time limit of each phase of an attempt: connect, send, receive")
		fs.DurationVar(&f.readDelay, "read-delay", loadgen.DefaultReadDelay, "how long the slow-reader client waits before it reads")
	})
}

// defineCPUs defines how the parts of a cell are placed on the CPUs.
func (f *cellFlags) defineCPUs(fs *pflag.FlagSet) {
	under(fs, "CPUs", func(fs *pflag.FlagSet) {
		fs.StringVar(&f.cpus, "cpus", cell.Together, "`together|free`: together gives server and path of a delay line the same half of the CPUs, so that shares repeat; free leaves their place to the kernel")
	})
}

// check checks each flag by itself.
func (f *cellFlags) check(fs *pflag.FlagSet) error {
	if err := checkEmpty(fs); err != nil {
		return err
	}
	switch {
	case f.limit < 0:
		return usagef("--limit %d: it cannot be negative", f.limit)
	case f.workers < 0:
		return usagef("--workers %d: it cannot be negative", f.workers)
	case f.bounds.LingerBytes < 0:
		return usagef("--linger-bytes %d: it cannot be negative", f.bounds.LingerBytes)
	case f.bounds.Lingerers < 0:
		return usagef("--lingerers %d: it cannot be negative", f.bounds.Lingerers)
	}
	if fs.Lookup("path") != nil {
		if err := pathKinds.check("path", f.path); err != nil {
			return err
		}
	}
	if fs.Lookup("cpus") != nil {
		if err := placementWords.check("cpus", f.cpus); err != nil {
			return err
		}
	}
	return checkDurations(fs)
}

// checkEmpty checks that no folder and no setting of the path was given an empty
// value, which would mean the same as no flag. An unset variable of a script would go
// unnoticed.
func checkEmpty(fs *pflag.FlagSet) (err error) {
	fs.Visit(func(fl *pflag.Flag) {
		folder := fl.Name == "out" || fl.Name == "catalogue"
		ofPath := slices.Contains(fl.Annotations[headingKey], pathHeading) && fl.Name != "path"
		if err == nil && fl.Value.String() == "" && (folder || ofPath) {
			err = usagef("--%s \"\": it is empty", fl.Name)
		}
	})
	return err
}

// checkLoopback checks that a loopback path is not asked for impairments.
func (f *cellFlags) checkLoopback(im impair.Set) error {
	if f.path == string(netpath.Loopback) && im != (impair.Set{}) {
		return usagef("--path loopback: %w: give --rtt 0", netpath.ErrLoopbackImpairments)
	}
	return nil
}

// options returns the part of a sweep's options that these flags decide.
func (f *cellFlags) options(im impair.Set) sweep.Options {
	return sweep.Options{
		Impairments: im, Congestion: f.congestion, ServiceTime: f.serviceTime, Workers: f.workers, Bounds: f.bounds,
		Timeout: f.timeout, ReadDelay: f.readDelay, MaxCell: f.maxCell, Placement: f.cpus,
	}
}

// common returns the coordinates that these flags decide, which all points of a
// command have in common.
func (f *cellFlags) common(im impair.Set) results.Point {
	return results.Point{Limit: f.limit, IPv6: f.ipv6, Impairments: im.String()}
}

// spec returns the path with these impairments, once the flags are checked.
func (f *cellFlags) spec(im impair.Set) netpath.Spec {
	return netpath.Spec{Kind: netpath.Kind(f.path), Impairments: im, Congestion: f.congestion, IPv6: f.ipv6}
}

// choose returns the path to use for spec. When ctx ends, it returns ctx's error.
func (f *cellFlags) choose(ctx context.Context, spec netpath.Spec) (cell.Choice, error) {
	choice, err := cell.Choose(ctx, spec)
	switch {
	case ctx.Err() != nil:
		return cell.Choice{}, ctx.Err()
	case err != nil:
		return cell.Choice{}, f.pathError(err)
	}
	return choice, nil
}

// availableCongestion is the file with the congestion controls that the kernel has,
// as built in or loaded.
const availableCongestion = "/proc/sys/net/ipv4/tcp_available_congestion_control"

// congestionWords are the values of --congestion that this machine has, if it says so.
var congestionWords = vocabulary{noun: "congestion control", terms: func() []results.Term {
	available, err := os.ReadFile(availableCongestion)
	if err != nil {
		return nil
	}
	names := append(strings.Fields(string(available)), netpath.SystemCongestion)
	return terms(names, func(name string) (string, string) { return name, "" })
}}

// pathError is the error of a path that this machine does not have. An unknown
// congestion control is wrong usage. That is only looked up once a path has failed,
// because a path of root loads the kernel's module of a name.
func (f *cellFlags) pathError(err error) error {
	if f.congestion != "" && len(congestionWords.names()) > 0 {
		if err := congestionWords.check("congestion", f.congestion); err != nil {
			return err
		}
	}
	return unansweredError{fmt.Errorf("--path %s: %w (rejectbench doctor says more)", f.path, err)}
}

// checkPoint checks that a cell at a point can do what the point asks for.
func checkPoint(o sweep.Options, p results.Point) error {
	if err := checkPath(o.PathOf(p)); err != nil {
		return err
	}
	return checkConnection(p)
}

// attemptFlags are the flags for the number of attempts.
type attemptFlags struct {
	requests int64
	duration time.Duration
}

// define defines the flags. counted says what --requests counts, and defaults how many
// there are without it.
func (f *attemptFlags) define(fs *pflag.FlagSet, counted, defaults string) {
	fs.Int64Var(&f.requests, "requests", 0, "`count`: "+counted+" (default "+defaults+", unless --duration is given)")
	fs.DurationVar(&f.duration, "duration", 0, "how long attempts are started, instead of --requests")
}

// check checks the flags by themselves.
func (f *attemptFlags) check(fs *pflag.FlagSet) error {
	switch {
	case f.requests < 0 || fs.Changed("requests") && f.requests == 0:
		return usagef("--requests %d: it has to be at least 1", f.requests)
	case fs.Changed("requests") && fs.Changed("duration"):
		return usagef("--requests %d, --duration %v: give only one of them", f.requests, f.duration)
	case fs.Changed("duration") && f.duration == 0:
		return usagef("--duration %v: it has to be longer than 0", f.duration)
	}
	return nil
}
