package cell

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

const (
	// programPort is the port of a server program that has its own network
	// namespace, in which every port is free.
	programPort = 8080
	listenPoll  = 2 * time.Millisecond
	// endGrace is how long a server program may take to end after SIGTERM.
	endGrace = time.Second
)

// runningServer is the server at its end of the path: the reference server in a
// process of ours, or a program.
type runningServer struct {
	addr      netip.AddrPort
	reference *process.Child // nil for a program
	program   *exec.Cmd
	name      string        // of the program
	folder    *serverFolder // of a server of the catalogue
	ended     chan struct{} // closed when the program has ended, with err
	err       error
}

// startServer starts the server and returns when it listens. The output of a
// program goes to output; nil discards it.
func startServer(ctx context.Context, path *netpath.Path, p Program, output *os.File, reference ServerSpec) (*runningServer, error) {
	if len(p.Command) > 0 {
		return startProgram(ctx, path, p, output)
	}
	return startReference(path, reference)
}

func startReference(path *netpath.Path, spec ServerSpec) (*runningServer, error) {
	spec.Addr = path.ServerAddr()
	p, err := process.New("server")
	if err != nil {
		return nil, err
	}
	if err := p.Start(path.StartServer, spec); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	var ready serverReady
	if err := p.Receive(&ready); err != nil {
		err = p.Cause(err)
		p.Kill()
		return nil, fmt.Errorf("the server died: %w", err)
	}
	if ready.Error != "" {
		p.Kill()
		return nil, fmt.Errorf("the server did not start: %s", ready.Error)
	}
	return &runningServer{addr: ready.Addr, reference: p}, nil
}

func startProgram(ctx context.Context, path *netpath.Path, p Program, output *os.File) (*runningServer, error) {
	port, err := choosePort(path)
	if err != nil {
		return nil, err
	}
	s := &runningServer{addr: netip.AddrPortFrom(path.ServerAddr(), port), name: p.Name(), ended: make(chan struct{})}
	if err := s.prepare(p, output); err != nil {
		return nil, err
	}
	if err := path.StartServer(s.program); err != nil {
		s.folder.close()
		if p.Setup != nil && (errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC)) {
			return nil, fmt.Errorf("start the server %s as an ordinary user: %w", s.name, explainNamespaceError(err))
		}
		return nil, CommandError{fmt.Errorf("start the server %s: %w", s.name, err)}
	}
	s.folder.closeOutput()
	go func() {
		defer close(s.ended)
		s.err = s.program.Wait()
	}()
	if err := s.waitUntilReady(ctx, p); err != nil {
		return nil, err
	}
	return s, nil
}

// prepare prepares the program's process, and the folder of a server of the
// catalogue.
func (s *runningServer) prepare(p Program, output *os.File) (err error) {
	if p.Setup == nil {
		command := substitute(p.Command, s.addr, false)
		s.program = exec.Command(command[0], command[1:]...)
		if output != nil { // a nil *os.File in an io.Writer is not nil
			s.program.Stdout, s.program.Stderr = output, output
		}
		return nil
	}
	if s.folder, err = newServerFolder(p); err != nil {
		return err
	}
	if s.program, err = s.folder.command(p, s.addr); err != nil {
		s.folder.close()
	}
	return err
}

// waitUntilReady waits until the program listens and, where its setup names a line
// of output for that, has written it. It ends the program if it fails.
func (s *runningServer) waitUntilReady(ctx context.Context, p Program) error {
	for deadline := time.Now().Add(p.ListenTimeout); ; {
		listening, err := listens(s.pid(), s.addr)
		if err == nil && listening && s.folder.ready(p.Setup) {
			return nil
		}
		select {
		case <-s.ended:
			excerpt := s.folder.excerpt()
			s.folder.close()
			return CommandError{fmt.Errorf("the server %s ended before it listened on %v: %s%s", s.name, s.addr, s.exitReason(), excerpt)}
		case <-ctx.Done():
			s.kill()
			return ctx.Err()
		case <-time.After(listenPoll):
		}
		if time.Now().After(deadline) {
			excerpt := s.folder.excerpt()
			s.kill()
			if listening {
				return CommandError{fmt.Errorf("the server %s did not say that it is ready (%q) within %v%s", s.name, p.Setup.Ready, p.ListenTimeout, excerpt)}
			}
			return CommandError{errors.Join(fmt.Errorf("the server %s did not listen on %v within %v%s", s.name, s.addr, p.ListenTimeout, excerpt), err)}
		}
	}
}

// choosePort returns a port that is free at the server's end.
func choosePort(path *netpath.Path) (uint16, error) {
	if path.Kind() != netpath.Loopback {
		return programPort, nil
	}
	// The loopback may be the system's, where other programs have ports.
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(path.ServerAddr(), 0)))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).AddrPort().Port(), l.Close()
}

// exitReason says how the program ended.
func (s *runningServer) exitReason() string {
	if s.program.ProcessState != nil && s.program.ProcessState.Success() {
		return s.program.ProcessState.String() + " (a server has to stay in the foreground)"
	}
	if s.program.ProcessState != nil {
		return s.program.ProcessState.String()
	}
	return fmt.Sprint(s.err)
}

// pid is the id of a process in the server's network namespace.
func (s *runningServer) pid() int {
	if s.reference != nil {
		return s.reference.Cmd.Process.Pid
	}
	return s.program.Process.Pid
}

// counters reads the kernel's counters in the server's network namespace before the
// fleet starts. A program that has ended meanwhile is an error: it may listen
// first and then exit over its configuration.
func (s *runningServer) counters() (map[string]int64, error) {
	before, err := counters(s.pid())
	if err == nil || s.reference != nil {
		return before, err
	}
	select {
	case <-s.ended:
		return nil, CommandError{fmt.Errorf("the server %s ended as soon as it listened on %v: %s%s", s.name, s.addr, s.exitReason(), s.folder.excerpt())}
	case <-time.After(endGrace):
		return nil, err
	}
}

// pids are the ids of the server's processes, those that a program has started among
// them where it has its own network namespace.
func (s *runningServer) pids(path *netpath.Path) []int {
	if s.reference == nil {
		if all := path.ServerProcesses(); len(all) > 0 {
			return all
		}
	}
	return []int{s.pid()}
}

// programCPU returns the CPU time of a program so far. The reference server has it in
// its report.
func (s *runningServer) programCPU(path *netpath.Path) time.Duration {
	if s.reference != nil {
		return 0
	}
	return path.ServerCPU()
}

// stop has the reference server stop and returns its report. A program has no
// report, and keeps running, so that the counters of its network namespace can be
// read.
func (s *runningServer) stop() (*targets.Report, error) {
	if s.reference == nil {
		return nil, s.alive()
	}
	if err := s.reference.Send(struct{}{}); err != nil {
		return nil, fmt.Errorf("the server died: %w", s.reference.Cause(err))
	}
	var report targets.Report
	if err := s.reference.Receive(&report); err != nil {
		return nil, fmt.Errorf("the server died: %w", s.reference.Cause(err))
	}
	return &report, nil
}

// alive returns an error if the program has ended or stopped listening.
func (s *runningServer) alive() error {
	if ok, err := listens(s.pid(), s.addr); err == nil && ok {
		select {
		case <-s.ended: // a child of it listens
		default:
			return nil
		}
	}
	select {
	case <-s.ended:
		return fmt.Errorf("the server died: %s%s", s.exitReason(), s.folder.excerpt())
	case <-time.After(endGrace):
		return errors.New("the server stopped listening")
	}
}

// kill ends the server. A program gets a SIGTERM first.
func (s *runningServer) kill() {
	if s.reference != nil {
		s.reference.Kill()
		return
	}
	defer s.folder.close()
	_ = s.program.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(endGrace):
		_ = s.program.Process.Kill()
		<-s.ended
	}
}
