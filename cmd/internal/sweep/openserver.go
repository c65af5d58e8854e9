package sweep

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Of a server program.
const (
	// foreignPort is where a server program is told to listen; its namespace is
	// its own, so the port is free.
	foreignPort = 8080
	// listenTimeout bounds how long a server program may take to listen.
	listenTimeout = 10 * time.Second
	listenPoll    = 2 * time.Millisecond
	// endGrace is how long a server program may take to end when told to.
	endGrace = time.Second
)

// runningServer is a server at the path's server end: the reference server in
// a process of ours, or a user's program.
type runningServer struct {
	addr    netip.AddrPort
	own     *process
	foreign *exec.Cmd
	ended   chan error // of foreign
}

// openServer starts the server and returns when it listens.
func openServer(path *netpath.Path, o ExecOptions) (*runningServer, error) {
	if len(o.StartServer) == 0 {
		p, addr, err := startServer(path, serverSpec{
			Strategy: o.Server.Strategy, Limit: o.Server.Limit, Bounds: o.Server.Bounds, Grace: 10*time.Second + 4*o.Spec.Impairments.RTT(),
		})
		if err != nil {
			return nil, err
		}
		return &runningServer{addr: addr, own: p}, nil
	}
	return openForeign(path, o.StartServer)
}

func openForeign(path *netpath.Path, command []string) (*runningServer, error) {
	s := &runningServer{addr: netip.AddrPortFrom(path.ServerAddr(), foreignPort), ended: make(chan error, 1)}
	var args []string
	for _, word := range command {
		word = strings.ReplaceAll(word, "{host}", s.addr.Addr().String())
		args = append(args, strings.ReplaceAll(word, "{port}", strconv.Itoa(foreignPort)))
	}
	s.foreign = exec.Command(args[0], args[1:]...)
	// What a server program prints is not what the client program prints.
	s.foreign.Stdout, s.foreign.Stderr = os.Stderr, os.Stderr
	if err := path.StartServer(s.foreign); err != nil {
		return nil, commandError{fmt.Errorf("start the server %s: %w", args[0], err)}
	}
	go func() { s.ended <- s.foreign.Wait() }()
	for over := time.Now().Add(listenTimeout); ; {
		ok, err := listens(s.foreign.Process.Pid, s.addr)
		if err == nil && ok {
			return s, nil
		}
		select {
		case e := <-s.ended:
			return nil, commandError{fmt.Errorf("the server %s ended before it listened on %v: %v", args[0], s.addr, endOf(s.foreign, e))}
		case <-time.After(listenPoll):
		}
		if time.Now().After(over) {
			s.kill()
			return nil, commandError{errors.Join(fmt.Errorf("the server %s did not listen on %v within %v", args[0], s.addr, listenTimeout), err)}
		}
	}
}

// endOf says how a program ended.
func endOf(cmd *exec.Cmd, err error) string {
	if cmd.ProcessState != nil {
		return cmd.ProcessState.String()
	}
	return fmt.Sprint(err)
}

// pid is a process in the server's namespace.
func (s *runningServer) pid() int {
	if s.own != nil {
		return s.own.cmd.Process.Pid
	}
	return s.foreign.Process.Pid
}

// stop ends the reference server's serving and returns its report; a user's
// program goes on, so that its namespace's counters can be read.
func (s *runningServer) stop() (*targets.Report, error) {
	if s.own == nil {
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("the server died: %s", endOf(s.foreign, err))
		default:
			return nil, nil
		}
	}
	if err := s.own.send(struct{}{}); err != nil {
		return nil, fmt.Errorf("the server died: %w", exitOf(s.own, err))
	}
	var report targets.Report
	if err := s.own.out.Decode(&report); err != nil {
		return nil, fmt.Errorf("the server died: %w", exitOf(s.own, err))
	}
	return &report, nil
}

// kill ends the server; a program is asked first.
func (s *runningServer) kill() {
	if s.own != nil {
		s.own.kill()
		return
	}
	_ = s.foreign.Process.Signal(os.Interrupt)
	select {
	case <-s.ended:
	case <-time.After(endGrace):
		_ = s.foreign.Process.Kill()
		<-s.ended
	}
}
