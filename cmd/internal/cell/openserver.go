package cell

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Program is a user's server program in place of the reference server. The zero
// value is the reference server.
type Program struct {
	// Command is the program and its arguments, in which {host} and {port} stand
	// for where it has to listen.
	Command       []string
	ListenTimeout time.Duration // how long it may take to listen
	// Setup is that of a server of the catalogue, whose command is Command; nil is
	// a command of the user's own.
	Setup *catalogue.Setup
	// TLS takes Setup's place in cells that speak TLS; nil for a command of the
	// user's own, and where nobody asked for TLS.
	TLS *TLSSetup
	// Folder is where a server with a Setup gets a private folder. Whoever made it
	// removes it.
	Folder string
}

// CommandError is an error of a program that a user named.
type CommandError struct{ Err error }

func (e CommandError) Error() string { return e.Err.Error() }
func (e CommandError) Unwrap() error { return e.Err }

// Of a server program.
const (
	// programPort is where a server program is told to listen where it has a
	// namespace of its own, and so every port.
	programPort = 8080
	listenPoll  = 2 * time.Millisecond
	// endGrace is how long a server program may take to end when told to.
	endGrace = time.Second
)

// runningServer is a server at the path's server end: the reference server in
// a process of ours, or a user's program.
type runningServer struct {
	addr      netip.AddrPort
	reference *process.Child
	program   *exec.Cmd
	name      string        // of the program
	folder    *serverFolder // of a server of the catalogue
	ended     chan struct{} // closed when the program has ended, with err
	err       error
}

// startServer starts the server and returns when it listens. What a program
// writes goes to output; nil throws it away.
func startServer(ctx context.Context, path *netpath.Path, p Program, output *os.File, reference ServerSpec) (*runningServer, error) {
	if len(p.Command) > 0 {
		return startProgram(ctx, path, p, output)
	}
	own, addr, err := startReference(path, reference)
	if err != nil {
		return nil, err
	}
	return &runningServer{addr: addr, reference: own}, nil
}

func startProgram(ctx context.Context, path *netpath.Path, p Program, output *os.File) (*runningServer, error) {
	port, err := choosePort(path)
	if err != nil {
		return nil, err
	}
	s := &runningServer{addr: netip.AddrPortFrom(path.ServerAddr(), port), name: p.Name(), ended: make(chan struct{})}
	if p.Setup != nil {
		if s.folder, err = newServerFolder(p); err != nil {
			return nil, err
		}
		if s.program, err = s.folder.command(p, s.addr); err != nil {
			s.folder.close()
			return nil, err
		}
	} else {
		command := substitute(p.Command, s.addr, false)
		s.program = exec.Command(command[0], command[1:]...)
		if output != nil { // in an io.Writer a nil file is not nil
			s.program.Stdout, s.program.Stderr = output, output
		}
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
	for over := time.Now().Add(p.ListenTimeout); ; {
		listening, err := listens(s.pid(), s.addr)
		if err == nil && listening && s.folder.ready(p.Setup) {
			return s, nil
		}
		select {
		case <-s.ended:
			said := s.folder.excerpt()
			s.folder.close()
			return nil, CommandError{fmt.Errorf("the server %s ended before it listened on %v: %s%s", s.name, s.addr, s.exitReason(), said)}
		case <-ctx.Done():
			s.kill()
			return nil, ctx.Err()
		case <-time.After(listenPoll):
		}
		if time.Now().After(over) {
			said := s.folder.excerpt()
			s.kill()
			if listening {
				return nil, CommandError{fmt.Errorf("the server %s did not say that it is ready (%q) within %v%s", s.name, p.Setup.Ready, p.ListenTimeout, said)}
			}
			return nil, CommandError{errors.Join(fmt.Errorf("the server %s did not listen on %v within %v%s", s.name, s.addr, p.ListenTimeout, said), err)}
		}
	}
}

// choosePort is a port that a server program can have.
func choosePort(path *netpath.Path) (uint16, error) {
	if path.Kind() != netpath.Loopback {
		return programPort, nil
	}
	// This may be the system's own namespace: the kernel knows what is free there.
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(path.ServerAddr(), 0)))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).AddrPort().Port(), l.Close()
}

// substitute puts the server's address into a command's words. An IPv6 address is in
// brackets where a port follows, as in a URL, and bare where it stands alone.
func substitute(command []string, server netip.AddrPort, tls bool) []string {
	words := strings.NewReplacer("{host}:{port}", server.String(),
		"{host}", server.Addr().String(), "{port}", strconv.Itoa(int(server.Port())), "{url}", serverURL(server, tls))
	filled := make([]string, len(command))
	for i, word := range command {
		filled[i] = words.Replace(word)
	}
	return filled
}

func serverURL(server netip.AddrPort, tls bool) string {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	return scheme + "://" + server.String() + "/"
}

// end says how the program ended.
func (s *runningServer) exitReason() string {
	if s.program.ProcessState != nil && s.program.ProcessState.Success() {
		return s.program.ProcessState.String() + " (a server has to stay in the foreground)"
	}
	if s.program.ProcessState != nil {
		return s.program.ProcessState.String()
	}
	return fmt.Sprint(s.err)
}

// pid is a process in the server's namespace.
func (s *runningServer) pid() int {
	if s.reference != nil {
		return s.reference.Cmd.Process.Pid
	}
	return s.program.Process.Pid
}

// counters reads the kernel's counters in the server's namespace before anything is
// asked of the server. A program may listen while it still reads its configuration,
// and end over what it finds there.
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

// stop ends the reference server's serving and returns its report. A user's
// program has no report, and goes on, so that its namespace's counters can be read.
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

// alive returns an error if the program has ended or listens no more.
func (s *runningServer) alive() error {
	if ok, err := listens(s.pid(), s.addr); err == nil && ok {
		select {
		case <-s.ended: // and left a child that listens
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

// kill ends the server; a program is asked first.
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
