package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
)

// The load of one round of the comparison with C.
const (
	roundAttempts    = 10_000
	roundConcurrency = 64
	serverCPU        = 1
	clientCPU        = 0
)

// fleetPort, in the environment of this test binary, makes it the Go client of
// a benchmark: the port to connect to.
const fleetPort = "LOADGEN_TEST_FLEET_PORT"

// BenchmarkFleetAgainstC compares the epoll engine with a C program that makes the
// same system calls. An iteration is a round of each, directly after each other and
// in alternating order, so that a slow moment of the machine affects both. The
// figures are medians over the rounds (-benchtime 15x is enough).
//
// Both clients are separate processes on one CPU, with the same server on the other.
// A fleet also runs in this way, and the engine's figure includes its runtime
// (collector, monitor thread): a benchmark loop within this process would share its
// heap and threads with the tests. Each client measures from its first connect to
// its last close, so that the start of the process does not count.
//
// busy is the share of its CPU that a client used. Well below 1 the server was the
// bottleneck, and the ratio says little.
func BenchmarkFleetAgainstC(b *testing.B) {
	if runtime.NumCPU() < 2 {
		b.Skip("needs two CPUs, one for the server and one for the clients")
	}
	server, client := compile(b, "server.c"), compile(b, "client.c")
	port := startServer(b, server)
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	runs := []func() round{
		func() round {
			cmd := exec.CommandContext(b.Context(), self, "-test.run=^TestFleetOfBenchmark$", "-test.v", "-test.timeout=1m")
			cmd.Env = append(os.Environ(), fleetPort+"="+port)
			return runClient(b, cmd)
		},
		func() round {
			return runClient(b, exec.CommandContext(b.Context(), client, port, strconv.Itoa(roundConcurrency), strconv.Itoa(roundAttempts)))
		},
	}
	var rounds [2][]round // Go's, C's
	var ratios []float64
	for b.Loop() {
		first := len(ratios) % 2
		var pair [2]round
		pair[first] = runs[first]()
		pair[1-first] = runs[1-first]()
		for i := range pair {
			rounds[i] = append(rounds[i], pair[i])
		}
		ratios = append(ratios, pair[0].rate/pair[1].rate)
	}
	b.ReportMetric(0, "ns/op") // of a round of both, which means nothing
	for i, name := range []string{"go", "c"} {
		b.ReportMetric(median(rounds[i], func(r round) float64 { return r.rate }), "conn/s-"+name)
		b.ReportMetric(median(rounds[i], func(r round) float64 { return r.busy }), "busy-"+name)
	}
	b.ReportMetric(median(ratios, func(r float64) float64 { return r }), "ratio")
}

// round is one client's turn.
type round struct {
	rate float64 // attempts a second
	busy float64 // CPU seconds a second
}

func median[T any](of []T, value func(T) float64) float64 {
	v := make([]float64, len(of))
	for i := range of {
		v[i] = value(of[i])
	}
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// compile makes a program of testdata with the system's C compiler.
func compile(b *testing.B, source string) string {
	cc, err := exec.LookPath("cc")
	if err != nil {
		b.Skip("needs a C compiler for the yardstick: no cc in PATH")
	}
	program := filepath.Join(b.TempDir(), strings.TrimSuffix(source, ".c"))
	if out, err := exec.Command(cc, "-O2", "-Wall", "-o", program, filepath.Join("testdata", source)).CombinedOutput(); err != nil {
		b.Fatalf("cc %s: %v\n%s", source, err, out)
	}
	return program
}

// startOn starts a command on one CPU. A child inherits the affinity of the
// thread that forks it.
func startOn(cpu int, cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		return err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &old))
}

// startServer starts the C server until the benchmark's end and returns its port.
func startServer(b *testing.B, program string) string {
	cmd := exec.Command(program)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := startOn(serverCPU, cmd); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close() // ends it
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(port)
}

// runClient runs a client that prints the seconds it took on its first line.
func runClient(b *testing.B, cmd *exec.Cmd) round {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := startOn(clientCPU, cmd); err != nil {
		b.Fatal(err)
	}
	err := cmd.Wait()
	var seconds float64
	for line := range strings.Lines(out.String()) {
		if s, parseErr := strconv.ParseFloat(strings.TrimSpace(line), 64); parseErr == nil {
			seconds = s
		}
	}
	if err != nil || seconds == 0 {
		b.Fatalf("%v: %v\n%s", cmd.Args, err, out.String())
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return round{rate: roundAttempts / seconds, busy: cpu.Seconds() / seconds}
}

// TestFleetOfBenchmark is the Go client of BenchmarkFleetAgainstC, which runs
// it in a separate process.
func TestFleetOfBenchmark(t *testing.T) {
	port, err := strconv.ParseUint(os.Getenv(fleetPort), 10, 16)
	if err != nil {
		t.Skip("only for the benchmark")
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
	r, err := Run(t.Context(), Config{Target: Target{Addr: addr}, Client: "blocking", Concurrency: roundConcurrency, Requests: roundAttempts, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.Counts[results.Delivered] != roundAttempts {
		t.Fatalf("outcomes %v", r.Counts)
	}
	fmt.Println(r.Seconds)
}
