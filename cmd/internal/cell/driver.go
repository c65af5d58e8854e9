package cell

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
)

// driverSpec is what the driver process is told.
type driverSpec struct {
	Fleet  loadgen.Config // of which a driver has the client, numbers, sizes and one time limit
	Folder string         // where the driver gets a folder of its own; empty is the system's place
	// Patience is how long the driver may be silent.
	Patience time.Duration
}

// newDriverSpec returns what the driver process of a cell is told.
func newDriverSpec(s Spec) driverSpec {
	return driverSpec{s.Fleet, s.Folder, driverStart + driverLimits*s.Fleet.ReceiveTimeout}
}

// Of how long a driver may be silent.
const (
	// driverStart is what an interpreter or a compiler may need on a busy machine.
	driverStart = 20 * time.Second
	// driverLimits is how many of its time limits a client may use up in one
	// attempt: one to connect, one to send, one to receive.
	driverLimits = 3
)

// driverRole runs a library client's driver, and hands back what it says as a
// fleet's report.
func driverRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec driverSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	process.BecomeSubreaper()
	left := make(chan struct{})
	go func() { defer close(left); process.CancelAtNextMessage(in, cancel) }()
	var report fleetReport
	attempts, err := drive(ctx, spec)
	process.EndChildren(false)
	if err == nil {
		report.Report, err = driverReport(attempts)
	}
	return sendReport(out, report, err, left)
}

func drive(ctx context.Context, spec driverSpec) ([]drivers.AttemptLine, error) {
	client, ok := drivers.ByName(spec.Fleet.Client)
	if !ok {
		return nil, fmt.Errorf("unknown library client %q", spec.Fleet.Client)
	}
	return driveClient(ctx, client, spec)
}

// driveClient runs the driver to its end and returns the attempts, with their
// times counted from each one's own start.
func driveClient(ctx context.Context, client drivers.Client, spec driverSpec) (attempts []drivers.AttemptLine, err error) {
	if spec.Fleet.Nth > 1 {
		return nil, fmt.Errorf("the driver of %s makes one request a connection: choose a client of the fleet's own for request %d", client.Name, spec.Fleet.Nth)
	}
	dir, err := os.MkdirTemp(spec.Folder, "rejectbench-"+client.Name+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the driver: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := client.Write(dir); err != nil {
		return nil, err
	}
	cmd, err := driverCommand(client, dir, spec.Fleet)
	if err != nil {
		return nil, err
	}
	words := &headBuffer{max: 4 << 10}
	cmd.Stderr = words
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make the driver's output: %w", err)
	}
	// It dies with the thread that starts it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	inOwnProcessGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the driver of %s: %w", client.Name, err)
	}
	lowerPriority(cmd)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Int64
	silent := time.AfterFunc(spec.Patience, func() {
		cancel(fmt.Errorf("it hangs: nothing for %v, after %d of %d attempts", spec.Patience, done.Load(), spec.Fleet.Requests))
	})
	defer silent.Stop()
	stop := context.AfterFunc(ctx, func() { endGroup(cmd) })
	defer stop()
	err = drivers.Read(lines, func(a drivers.AttemptLine) error {
		silent.Reset(spec.Patience)
		if int64(len(attempts)) == spec.Fleet.Requests {
			return fmt.Errorf("one attempt more than the %d asked for", spec.Fleet.Requests)
		}
		attempts = append(attempts, a)
		done.Add(1)
		return nil
	})
	if err != nil {
		endGroup(cmd)
	}
	waitErr := cmd.Wait()
	switch cause := context.Cause(ctx); {
	case cause != nil:
		err = cause
	case err != nil:
	case waitErr != nil:
		err = waitErr
	case int64(len(attempts)) < spec.Fleet.Requests:
		err = fmt.Errorf("it ended after %d of %d attempts", len(attempts), spec.Fleet.Requests)
	}
	if err != nil {
		return nil, fmt.Errorf("the driver of %s: %w%s", client.Name, err, words.excerpt())
	}
	return attempts, nil
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
		URL: url, Concurrency: fleet.Concurrency, Requests: fleet.Requests, BodyBytes: fleet.BodyBytes, Timeout: fleet.ReceiveTimeout,
	}.Environment()...)
	cmd.WaitDelay = time.Second // a grandchild may hold the output open
	return cmd, nil
}

// goNetHTTPRole is a driver of Go's own client: it talks over standard output as
// drivers do.
func goNetHTTPRole(close bool) process.Role {
	return func(ctx context.Context, _ *json.Decoder, _ *gob.Encoder) error {
		job, err := drivers.JobFrom(os.Getenv)
		if err != nil {
			return err
		}
		return drivers.GoNetHTTP(ctx, job, close, os.Stdout)
	}
}

// headBuffer keeps the first bytes of what is written.
type headBuffer struct {
	max  int
	mu   sync.Mutex // guards what follows
	kept []byte
}

func (b *headBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p[:min(len(p), b.max-len(b.kept))]...)
	return len(p), nil
}

// said is the end of what is kept, to stand behind an error: an interpreter's
// last line says what went wrong.
func (b *headBuffer) excerpt() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.FieldsFunc(string(b.kept), func(r rune) bool { return r == '\n' || r == '\r' })
	lines = lines[max(0, len(lines)-3):]
	if len(lines) == 0 {
		return ""
	}
	return "; it wrote: " + fmt.Sprintf("%.300q", strings.Join(lines, " "))
}

// clearDrivers removes the folders of all drivers, when whoever made them cannot
// any more.
func (s Spec) clearDrivers() {
	if s.Folder != "" {
		_ = os.RemoveAll(s.Folder)
	}
}
