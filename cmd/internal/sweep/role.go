// Package sweep runs the cells of a grid: for each, a path, a server and a
// fleet, every one in a process of its own, so that their CPU time, memory and
// garbage collection are their own and are measured on their own.
//
// The processes are this program again. The run's process starts a cell
// process in a network namespace of its own; that one makes the path, starts
// the server and the fleet at its ends, and joins their ledgers into a record.
// Each ends with its parent, whatever ends the parent: a server and a fleet are
// killed by the kernel, and the process above them sees its input end and takes
// along what a user's programs have started. The namespaces, which have no
// names, go with the last process in them.
package sweep

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
)

// roleVariable names the environment variable that makes this program one of
// the processes of a cell instead of the command line.
const roleVariable = "REJECTBENCH_ROLE"

// A role talks over its standard input and output: a specification in JSON
// comes in first and the input stays open for as long as the parent wants the
// process; what the process has to say goes out in gob. Standard error is the
// run's own.
var roles = map[string]func(ctx context.Context, in *json.Decoder, out *gob.Encoder) error{
	"cell":   cellRole,
	"server": serverRole,
	"fleet":  fleetRole,
	"driver": driverRole,
	"probe":  probeRole,
	"exec":   execRole,

	"go-nethttp":       goNetHTTPRole(false),
	"go-nethttp-close": goNetHTTPRole(true),
}

// RunRole runs the role that this process was started for and reports true, or
// reports false at once in a process that a user started. A program that uses
// this package calls it first thing in main.
func RunRole() (code int, ran bool) {
	name := os.Getenv(roleVariable)
	if name == "" {
		return 0, false
	}
	role, ok := roles[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "rejectbench: unknown role %q in %s\n", name, roleVariable)
		return 2, true
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in, out := os.Stdin, os.Stdout
	if os.Getenv(streamsVariable) != "" {
		in, out = os.NewFile(controlIn, "control input"), os.NewFile(controlOut, "control output")
		closeOnExec(in, out)
	}
	// What this process starts is told its own role, or is a user's program.
	os.Unsetenv(roleVariable)
	os.Unsetenv(streamsVariable)
	if err := role(ctx, json.NewDecoder(in), gob.NewEncoder(out)); err != nil {
		fmt.Fprintf(os.Stderr, "rejectbench: %s process: %v\n", name, err)
		return 1, true
	}
	return 0, true
}

// A role whose standard streams are a user's program's talks over two further descriptors.
const (
	streamsVariable = "REJECTBENCH_STREAMS"
	controlIn       = 3
	controlOut      = 4
)

// newProcessWithStreams prepares a role that has the standard streams of this
// process.
func newProcessWithStreams(role string) (*process, error) {
	cmd, err := self()
	if err != nil {
		return nil, err
	}
	in, toRole, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	fromRole, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), in.Close(), toRole.Close())
	}
	cmd.Env = append(os.Environ(), roleVariable+"="+role, streamsVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{in, out}
	return &process{cmd: cmd, in: toRole, out: gob.NewDecoder(fromRole), pipe: fromRole}, nil
}

// self is this program again. On Linux it is the very file that is running:
// its name may be another build's by now, or lie in a folder that an ordinary
// user cannot enter.
func self() (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(exe)
	if runtime.GOOS == "linux" {
		cmd.Path = "/proc/self/exe"
	}
	return cmd, nil
}

// until cancels when the parent closes the input or sends its next message.
func until(in *json.Decoder, cancel context.CancelFunc) {
	var message struct{}
	_ = in.Decode(&message)
	cancel()
}

// process is a running role.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *gob.Decoder
	// pipe is what out reads when the streams are not the role's own to talk
	// over; whoever made the process closes it.
	pipe io.Closer
}

// newProcess prepares a role; start it with start.
func newProcess(role string) (*process, error) {
	cmd, err := self()
	if err != nil {
		return nil, err
	}
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	p := &process{cmd: cmd}
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make the %s process's input: %w", role, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make the %s process's output: %w", role, err)
	}
	p.out = gob.NewDecoder(out)
	return p, nil
}

// start starts the process by the given function and hands it its specification.
func (p *process) start(start func(*exec.Cmd) error, spec any) error {
	err := start(p.cmd)
	for _, f := range p.cmd.ExtraFiles { // the role's ends of the pipes
		f.Close()
	}
	if err != nil {
		return err
	}
	return p.send(spec)
}

// send sends one message.
func (p *process) send(message any) error {
	b, err := json.Marshal(message)
	if err == nil {
		_, err = p.in.Write(append(b, '\n'))
	}
	return err
}

// stop closes the process's input, which asks it to end, and waits for it.
func (p *process) stop() error {
	return errors.Join(p.in.Close(), p.cmd.Wait())
}

// kill ends the process at once and waits for it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.stop()
}
