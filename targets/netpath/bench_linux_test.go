package netpath

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

var benchRounds = flag.Int("rounds", 3, "rounds of each of BenchmarkPath's trials; one with -short")

// carriers are the implementations of a path that BenchmarkPath compares.
var carriers = map[string]func(Spec) (*Path, error){
	// A bare veth pair without delay: the best that the machine can do.
	"none": func(s Spec) (*Path, error) {
		s.Impairments = impair.Set{}
		return Open(s, true)
	},
	"line": func(s Spec) (*Path, error) { return Open(s, true) },
	// The delay line as in a cell, with a log of every packet.
	"witness": func(s Spec) (*Path, error) {
		s.LogOptions = &wire.LogOptions{}
		return Open(s, true)
	},
	"naive": openNaive,
}

// load describes the traffic of a trial.
type load struct {
	Name        string
	Concurrency int
	Rate        float64 // attempts a second, evenly spaced; 0 is a closed loop
	BodyBytes   int64
}

// allowed returns the highest rate of a closed loop in attempts per second: each
// attempt takes a round trip for the handshake and one for the request.
func (l load) allowed() float64 { return float64(l.Concurrency) / (2 * benchRTT.Seconds()) }

const (
	benchRTT      = 20 * time.Millisecond
	benchDuration = time.Second
	openLoop      = 4000 // bound on attempts in flight, never reached
)

var loads = []load{
	{Name: "c100", Concurrency: 100}, {Name: "c200", Concurrency: 200}, {Name: "c400", Concurrency: 400}, {Name: "c800", Concurrency: 800},
	{Name: "r3000", Concurrency: openLoop, Rate: 3000}, {Name: "r6000", Concurrency: openLoop, Rate: 6000},
}

// trial is one fleet against one server over one path.
type trial struct {
	Carrier  string
	Load     load
	RTT      time.Duration
	Duration time.Duration
}

// figures are the results of a trial. Times are in microseconds.
type figures struct {
	Rate       float64 // attempts per second
	Answered   float64 // share of attempts that received their answer
	Late50     float64 // how late packets were sent
	Late99     float64
	Excess     float64 // median SYN round trip measured by the client's kernel, minus the configured one
	CPU        float64 // of the path's process, per packet
	RingDrops  float64
	SendErrors float64
}

// BenchmarkPath compares carriers under the same traffic, with one request per
// connection. Fleet, server and path are separate processes on the same machine.
// Each round runs the trials in a new order, so that a slow minute does not affect
// only one carrier. Figures are medians over the rounds (-rounds). On a machine with
// other load, only ratios within one run are meaningful.
func BenchmarkPath(b *testing.B) {
	all := map[trial][]figures{}
	names := slices.Sorted(maps.Keys(carriers))
	rounds := *benchRounds
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		for _, l := range loads {
			for i := range names {
				t := trial{names[(i+round)%len(names)], l, benchRTT, benchDuration}
				all[t] = append(all[t], run(b, t))
			}
		}
	}
	middle := map[string]map[string]figures{}
	for _, l := range loads {
		middle[l.Name] = map[string]figures{}
		for _, name := range names {
			middle[l.Name][name] = medians(all[trial{name, l, benchRTT, benchDuration}])
		}
		for _, name := range names {
			b.Run(l.Name+"/"+name, func(b *testing.B) {
				f := middle[l.Name][name]
				f.report(b)
				b.ReportMetric(f.Rate/middle[l.Name]["none"].Rate, "of-none")
				b.ReportMetric(f.CPU/middle[l.Name]["naive"].CPU, "cpu-of-naive")
			})
		}
	}
	fmt.Fprint(os.Stderr, targetTable(middle)) // b.Log prints nothing if there are sub-benchmarks
}

// BenchmarkHold has a thousand connections in flight over 200 ms. Every ring must
// be large enough for them.
func BenchmarkHold(b *testing.B) {
	for _, l := range []load{
		{Name: "c1000", Concurrency: 1000},
		{Name: "c1000-body", Concurrency: 1000, BodyBytes: 64 << 10},
	} {
		b.Run(l.Name, func(b *testing.B) {
			for b.Loop() {
				f := run(b, trial{"line", l, 200 * time.Millisecond, 3 * time.Second})
				f.report(b)
				if f.RingDrops+f.SendErrors > 0 {
					b.Errorf("the path lost packets: %+v", f)
				}
			}
		})
	}
}

func (f figures) report(b *testing.B) {
	b.ReportMetric(0, "ns/op") // iterations have no meaning here
	b.ReportMetric(f.Rate, "conn/s")
	b.ReportMetric(f.Answered, "answered")
	b.ReportMetric(f.Late50, "late50-µs")
	b.ReportMetric(f.Late99, "late99-µs")
	b.ReportMetric(f.Excess, "rtt-excess-µs")
	b.ReportMetric(f.CPU, "cpu-µs/packet")
	b.ReportMetric(f.RingDrops, "ring-drops")
	b.ReportMetric(f.SendErrors, "send-errors")
}

// targetTable compares the figures of the delay line with its targets: a closed loop
// is as fast as the round trip allows, the line costs little CPU, and packets are
// on time. The reference is the bare pair or the naive path of the same run.
func targetTable(m map[string]map[string]figures) string {
	var s strings.Builder
	w := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	row := func(load, what string, got, limit float64, atMost bool) {
		verdict := "met"
		if atMost && got > limit || !atMost && got < limit {
			verdict = "missed"
		}
		fmt.Fprintf(w, "%s\t%s\t%.3g\t%s %.3g\t%s\n", load, what, got, map[bool]string{true: "at most", false: "at least"}[atMost], limit, verdict)
	}
	for _, name := range []string{"line", "witness"} {
		f := func(load, carrier string) figures { return m[load][carrier] }
		for _, l := range loads[:2] {
			row(l.Name, name+" conn/s of c/2RTT", f(l.Name, name).Rate/l.allowed(), 0.9, false)
		}
		// If the ends alone are faster than the round trip allows, no path can reach
		// their rate.
		for _, l := range loads[2:4] {
			row(l.Name, name+" conn/s of none or c/2RTT", f(l.Name, name).Rate/min(f(l.Name, "none").Rate, l.allowed()), 0.7, false)
		}
		// On a machine with idle CPUs the line also spends time polling the clock.
		// Most of the CPU time of either path is the TCP of the receiver, which runs
		// within the call that sends the packet.
		for _, l := range loads[2:4] {
			row(l.Name, name+" CPU a packet of naive", f(l.Name, name).CPU/f(l.Name, "naive").CPU, 0.75, true)
		}
		row("r3000", name+" late p50, µs", f("r3000", name).Late50, 20, true)
		row("r3000", name+" rtt excess p50, µs", f("r3000", name).Excess, 100, true)
		row("r3000", name+" rtt excess of naive", f("r3000", name).Excess/f("r3000", "naive").Excess, 0.25, true)
		row("r6000", name+" rtt excess of naive", f("r6000", name).Excess/f("r6000", "naive").Excess, 0.1, true)
		lost := 0.0
		for _, l := range loads {
			lost += f(l.Name, name).RingDrops + f(l.Name, name).SendErrors
		}
		row("all", name+" ring drops and send errors", lost, 0, true)
	}
	w.Flush()
	return s.String()
}

func medians(of []figures) figures {
	m := func(value func(figures) float64) float64 {
		var v []float64
		for _, f := range of {
			v = append(v, value(f))
		}
		return median(v)
	}
	return figures{
		m(func(f figures) float64 { return f.Rate }), m(func(f figures) float64 { return f.Answered }),
		m(func(f figures) float64 { return f.Late50 }), m(func(f figures) float64 { return f.Late99 }),
		m(func(f figures) float64 { return f.Excess }), m(func(f figures) float64 { return f.CPU }),
		// A single drop in any round counts.
		slices.MaxFunc(of, func(a, b figures) int { return int(a.RingDrops - b.RingDrops) }).RingDrops,
		slices.MaxFunc(of, func(a, b figures) int { return int(a.SendErrors - b.SendErrors) }).SendErrors,
	}
}

func median[T ~uint32 | ~float64](v []T) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return (float64(v[(len(v)-1)/2]) + float64(v[len(v)/2])) / 2
}

// The processes of a trial are this test binary. Each runs one role of
// TestPartOfBenchmark: it reads its task as JSON from standard input, writes its
// results as JSON to standard output, and runs until its input ends.
const benchPart = "NETPATH_TEST_BENCH_PART"

var benchParts map[string]func(in *json.Decoder, out *json.Encoder) error

func init() {
	benchParts = map[string]func(*json.Decoder, *json.Encoder) error{"path": benchPath, "server": benchServer, "fleet": benchFleet}
}

func TestPartOfBenchmark(t *testing.T) {
	part := benchParts[os.Getenv(benchPart)]
	if part == nil {
		t.Skip("only for the benchmark")
	}
	// As in a cell's process: no garbage collection while packets wait.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)
	in := json.NewDecoder(os.Stdin)
	if err := part(in, json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var more struct{}
	_ = in.Decode(&more)
	os.Exit(0) // keeps the test framework's output off standard output
}

// part starts a process of a trial, sends it its task and reads its first result.
// end ends it.
func part(name string, start func(*exec.Cmd) error, spec, report any) (end func(), err error) {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestPartOfBenchmark$")
	cmd.Env = append(os.Environ(), benchPart+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := start(cmd); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	err = errors.Join(json.NewEncoder(in).Encode(spec), json.NewDecoder(out).Decode(report))
	end = func() {
		in.Close()
		_ = cmd.Wait()
	}
	if err != nil {
		end()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return end, nil
}

func run(b *testing.B, t trial) (f figures) {
	b.Helper()
	runtime.LockOSThread() // the path's process ends with this thread
	defer runtime.UnlockOSThread()
	end, err := part("path", func(cmd *exec.Cmd) error {
		Isolate(cmd)
		return cmd.Start()
	}, t, &f)
	if err != nil {
		b.Fatalf("%s over %s: %v", t.Load.Name, t.Carrier, err)
	}
	end()
	return f
}

// benchPath opens the path and runs server and fleet at its ends.
func benchPath(in *json.Decoder, out *json.Encoder) error {
	var t trial
	if err := in.Decode(&t); err != nil {
		return err
	}
	spec := Spec{Kind: DelayLine, Impairments: impair.Set{}.WithRTT(t.RTT), Seed: 1}
	p, err := carriers[t.Carrier](spec)
	if err != nil {
		return err
	}
	var addr netip.AddrPort
	endServer, err := part("server", p.StartServer, p.ServerAddr(), &addr)
	if err != nil {
		return err
	}
	before := processCPU()
	var seen fleetFigures
	endFleet, err := part("fleet", p.StartClient, loadgen.Config{
		Target: loadgen.Target{Addr: addr}, Client: "blocking", Concurrency: t.Load.Concurrency,
		Rate: t.Load.Rate, BodyBytes: t.Load.BodyBytes, Duration: t.Duration,
	}, &seen)
	if err != nil {
		return err
	}
	cpu := processCPU() - before
	endFleet()
	endServer()
	stats, err := p.Close()
	if err != nil {
		return err
	}
	f := figures{
		Rate: seen.Rate, Answered: seen.Answered,
		Late50: stats.Late.P50 * 1e3, Late99: stats.Late.P99 * 1e3,
		Excess:    seen.Handshake - float64(t.RTT.Microseconds()),
		CPU:       float64(cpu.Microseconds()) / float64(stats.Packets),
		RingDrops: float64(stats.RingDrops), SendErrors: float64(stats.SendErrors),
	}
	if t.Carrier == "none" {
		f.Excess, f.CPU = seen.Handshake, 0 // no delay is configured, and no process carries packets
	}
	return out.Encode(f)
}

func processCPU() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type fleetFigures struct {
	Rate, Answered, Handshake float64
}

func benchFleet(in *json.Decoder, out *json.Encoder) error {
	var cfg loadgen.Config
	if err := in.Decode(&cfg); err != nil {
		return err
	}
	r, err := loadgen.Run(context.Background(), cfg)
	if err != nil {
		return err
	}
	if n := r.Counts[results.LocalError]; n > 0 {
		return fmt.Errorf("%d attempts found no port or descriptor", n)
	}
	var handshakes []uint32
	for _, a := range r.Attempts {
		if a.HandshakeUs != 0 {
			handshakes = append(handshakes, a.HandshakeUs)
		}
	}
	n := float64(len(r.Attempts))
	return out.Encode(fleetFigures{n / r.Seconds, float64(r.Counts.Delivered()) / n, median(handshakes)})
}

// benchServer serves as fast as one thread of Go can: an epoll loop that reads
// once, answers 503 and closes.
func benchServer(in *json.Decoder, out *json.Encoder) error {
	var ip netip.Addr
	if err := in.Decode(&ip); err != nil {
		return err
	}
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	const port = 80
	if err := errors.Join(unix.Bind(listener, &unix.SockaddrInet4{Port: port, Addr: ip.As4()}), unix.Listen(listener, 1<<15)); err != nil {
		return err
	}
	loop, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	watch := func(fd int, how uint32) error {
		return unix.EpollCtl(loop, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: how, Fd: int32(fd)})
	}
	if err := watch(listener, unix.EPOLLIN); err != nil {
		return err
	}
	go serveBench(loop, listener, watch)
	return out.Encode(netip.AddrPortFrom(ip, port))
}

// serveBench answers what the listener accepts, on one thread.
func serveBench(loop, listener int, watch func(fd int, how uint32) error) {
	runtime.LockOSThread()
	request := make([]byte, 64<<10)
	// serve answers a connection once its request is there.
	serve := func(fd int) bool {
		if n, err := unix.Read(fd, request); n < 0 && err == unix.EAGAIN {
			return false
		}
		_, _ = unix.Write(fd, benchAnswer)
		_ = unix.Close(fd)
		return true
	}
	acceptAll := func() {
		for {
			fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			if err != nil {
				return
			}
			if !serve(fd) {
				_ = watch(fd, unix.EPOLLIN|unix.EPOLLET)
			}
		}
	}
	events := make([]unix.EpollEvent, 256)
	for {
		n, _ := unix.EpollWait(loop, events, -1)
		for _, ev := range events[:max(n, 0)] {
			if int(ev.Fd) == listener {
				acceptAll()
			} else {
				serve(int(ev.Fd))
			}
		}
	}
}

var benchAnswer = []byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\noverload\n")
