package process

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Child is a process in a role. Cmd may be changed until Start.
type Child struct {
	Cmd  *exec.Cmd
	in   io.WriteCloser
	out  *gob.Decoder
	pipe io.Closer // what out reads; nil where Cmd closes it
}

// A child whose standard streams belong to a user's program talks to its parent
// over two further descriptors.
const (
	streamsVariable = "REJECTBENCH_STREAMS"
	controlIn       = 3
	controlOut      = 4
)

// Command prepares this program in a role, without a connection to it. On Linux it
// runs /proc/self/exe: the program's name may belong to another build by now, or be
// in a folder that an ordinary user cannot enter.
func Command(role string) (*exec.Cmd, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(executable)
	if runtime.GOOS == "linux" {
		cmd.Path = "/proc/self/exe"
	}
	cmd.Env = append(append(os.Environ(), niceEnvironment()...), roleVariable+"="+role)
	return cmd, nil
}

// New prepares a child that talks to this process over its standard input and
// output.
func New(role string) (*Child, error) {
	cmd, err := Command(role)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	c := &Child{Cmd: cmd}
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make the %s process's input: %w", role, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make the %s process's output: %w", role, err)
	}
	c.out = gob.NewDecoder(out)
	return c, nil
}

// NewWithStreams prepares a child that has the standard streams of this process
// and talks to it over descriptors 3 and 4. Close it when it has ended.
func NewWithStreams(role string) (*Child, error) {
	cmd, err := Command(role)
	if err != nil {
		return nil, err
	}
	in, toChild, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	fromChild, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), in.Close(), toChild.Close())
	}
	cmd.Env = append(cmd.Env, streamsVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{in, out}
	return &Child{Cmd: cmd, in: toChild, out: gob.NewDecoder(fromChild), pipe: fromChild}, nil
}

// Start starts the child with the given function and sends it its
// specification.
func (c *Child) Start(start func(*exec.Cmd) error, spec any) error {
	if err := c.StartEarly(start); err != nil {
		return err
	}
	return c.Send(spec)
}

// StartEarly starts the child with the given function. The child gets ready to read
// its specification, which has to be sent to it.
func (c *Child) StartEarly(start func(*exec.Cmd) error) error {
	err := start(c.Cmd)
	for _, f := range c.Cmd.ExtraFiles { // the child has copies
		f.Close()
	}
	return err
}

// Send sends the child one message.
func (c *Child) Send(message any) error {
	b, err := json.Marshal(message)
	if err == nil {
		_, err = c.in.Write(append(b, '\n'))
	}
	return err
}

// Receive waits for the child's next message and decodes it into message, a
// pointer.
func (c *Child) Receive(message any) error { return c.out.Decode(message) }

// Wait waits until the child ends by itself.
func (c *Child) Wait() error { return c.Cmd.Wait() }

// Stop closes the child's input, which asks it to end, and waits for it.
func (c *Child) Stop() error { return errors.Join(c.in.Close(), c.Cmd.Wait()) }

// Kill ends the child at once and waits for it.
func (c *Child) Kill() {
	_ = c.Cmd.Process.Kill()
	_ = c.Stop()
}

// Close closes this process's ends of the pipes that NewWithStreams has made.
func (c *Child) Close() error { return errors.Join(c.in.Close(), c.pipe.Close()) }

// exitWait bounds how long Cause waits for a child whose messages broke off.
const exitWait = time.Second

// Cause returns why a conversation with the child failed with err: how the
// child exited, if it has, and err itself if it has not or exited with code 0.
func (c *Child) Cause(err error) error {
	done := make(chan error, 1)
	go func() { done <- c.Cmd.Wait() }()
	select {
	case e := <-done:
		var exit *exec.ExitError
		if errors.As(e, &exit) {
			return exit
		}
	case <-time.After(exitWait):
	}
	return err
}
