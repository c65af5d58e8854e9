package cell

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
)

// driverSpec is the specification of the driver's process.
type driverSpec struct {
	Fleet  loadgen.Config // a driver takes the client, the numbers, the sizes and ReceiveTimeout from it
	Folder string         // where the driver gets its folder; empty is the system's place
	// Patience is how long the driver may write nothing while it has an attempt to make.
	Patience time.Duration
}

const (
	// driverStart is how long an interpreter or a compiler may take to start on a
	// busy machine.
	driverStart = 20 * time.Second
	// timeoutsPerAttempt is how many time limits a client may use up in one
	// attempt: to connect, to send and to receive.
	timeoutsPerAttempt = 3
	// firstAttempt is about how much of a CPU each of a client's first attempts takes
	// more than one of the fleet's: they load and compile code, or start a process.
	firstAttempt = 20 * time.Millisecond
)

func newDriverSpec(s Spec) driverSpec {
	// The schedule begins slowly and adapts to the attempts that have ended.
	s.Fleet.Expected += time.Duration(s.Fleet.Concurrency) * firstAttempt
	return driverSpec{s.Fleet, s.Folder, driverStart + timeoutsPerAttempt*s.Fleet.ReceiveTimeout}
}

// driverRole runs the driver of a library client, and reports as a fleet does.
func driverRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec driverSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	process.BecomeSubreaper()
	released := make(chan struct{})
	go func() { defer close(released); process.CancelAtNextMessage(in, cancel) }()
	var report fleetReport
	driven, err := drive(ctx, spec)
	process.EndChildren()
	if err == nil {
		report.Report, err = driverReport(spec.Fleet, driven)
	}
	return sendReport(out, report, err, released)
}

func drive(ctx context.Context, spec driverSpec) (driven, error) {
	client, ok := drivers.ByName(spec.Fleet.Client)
	if !ok {
		return driven{}, fmt.Errorf("unknown library client %q", spec.Fleet.Client)
	}
	return driveClient(ctx, client, spec)
}

// driveClient runs a driver to its end and returns its attempts.
func driveClient(ctx context.Context, client drivers.Client, spec driverSpec) (driven, error) {
	if spec.Fleet.Nth > 1 {
		return driven{}, fmt.Errorf("the driver of %s makes one request per connection: choose one of the fleet's clients for request %d", client.Name, spec.Fleet.Nth)
	}
	dir, err := os.MkdirTemp(spec.Folder, "rejectbench-"+client.Name+"-")
	if err != nil {
		return driven{}, fmt.Errorf("make a folder for the driver: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := client.Write(dir); err != nil {
		return driven{}, err
	}
	cmd, err := driverCommand(client, dir, spec.Fleet)
	if err != nil {
		return driven{}, err
	}
	done, err := readAttempts(ctx, cmd, spec)
	if err != nil {
		return driven{}, fmt.Errorf("the driver of %s: %w", client.Name, err)
	}
	return done, nil
}

// readAttempts runs a driver's process, has it start attempts and reads those that
// have ended. It ends the process at the first error.
func readAttempts(ctx context.Context, cmd *exec.Cmd, spec driverSpec) (driven, error) {
	var stderr outputEnds
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return driven{}, fmt.Errorf("make its input: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return driven{}, fmt.Errorf("make its output: %w", err)
	}
	// The kernel kills the driver when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	inOwnProcessGroup(cmd)
	if err := cmd.Start(); err != nil {
		return driven{}, fmt.Errorf("start it: %w", err)
	}
	lowerPriority(cmd)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { endGroup(cmd) })
	defer stop()
	c := newConductor(loadgen.NewPacer(spec.Fleet))
	var helpers sync.WaitGroup
	helpers.Go(func() {
		if err := c.watch(ctx, spec.Patience); err != nil {
			cancel(err)
		}
	})
	err = drivers.Read(stdout, func() {
		c.ready()
		helpers.Go(func() { c.start(ctx, stdin) })
	}, c.ended)
	if err != nil {
		endGroup(cmd)
	}
	waitErr := cmd.Wait()
	stopped := context.Cause(ctx)
	cancel(nil)
	helpers.Wait()
	if err := c.result(stopped, err, waitErr); err != nil {
		return driven{}, fmt.Errorf("%w%s", err, stderr.excerpt())
	}
	return c.driven, nil
}

// driverCommand prepares the driver's process.
func driverCommand(client drivers.Client, dir string, fleet loadgen.Config) (cmd *exec.Cmd, err error) {
	url := serverURL(fleet.Target.Addr, fleet.Target.TLS)
	if client.Role != "" {
		if cmd, err = process.Command(client.Role); err != nil {
			return nil, err
		}
	} else {
		words := client.CommandIn(dir, url)
		cmd = exec.Command(words[0], words[1:]...)
		cmd.Env = os.Environ()
	}
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, drivers.Job{
		URL: url, Concurrency: loadgen.NewPacer(fleet).Slots(), Requests: fleet.Requests, BodyBytes: fleet.BodyBytes, Timeout: fleet.ReceiveTimeout,
	}.Environment()...)
	cmd.WaitDelay = time.Second // a grandchild may hold the output open
	return cmd, nil
}

// goNetHTTPRole is the driver of Go's net/http client. It talks over the standard
// streams, as all drivers do. With close every attempt asks for the connection to be
// closed.
func goNetHTTPRole(close bool) process.Role {
	return func(ctx context.Context, _ *json.Decoder, _ *gob.Encoder) error {
		job, err := drivers.JobFrom(os.Getenv)
		if err != nil {
			return err
		}
		return drivers.GoNetHTTP(ctx, job, close, os.Stdin, os.Stdout)
	}
}
