package netpath

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Isolate makes cmd start in a new network namespace. The kernel kills the process
// when the thread that started it ends, so the caller must keep that thread
// (runtime.LockOSThread). For an ordinary user it also creates a user namespace,
// in which the process is root.
func Isolate(cmd *exec.Cmd) {
	attr := dieWithParent(cmd)
	attr.Cloneflags |= unix.CLONE_NEWNET
	if os.Geteuid() != 0 {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
}

// dieWithParent makes the kernel kill cmd when the starting thread ends. It also
// puts cmd into its own process group, out of reach of a terminal's Ctrl-C: the
// parent decides how it ends.
func dieWithParent(cmd *exec.Cmd) *syscall.SysProcAttr {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return cmd.SysProcAttr
}

// Foreground keeps cmd in the process group of its parent when it is started
// through Isolate or at an end of a path. A program that reads from a terminal
// must belong to the terminal's foreground process group.
func Foreground(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = false
}

// namespace is a network namespace with a locked thread in it. That thread does
// all work inside the namespace.
type namespace struct {
	calls chan func()
	done  chan struct{}
	fd    netns.NsHandle
}

// newNamespace creates a namespace, or with current uses the caller's.
func newNamespace(current bool) (*namespace, error) {
	n := &namespace{calls: make(chan func()), done: make(chan struct{}), fd: -1}
	ready := make(chan error, 1)
	go func() {
		defer close(n.done)
		// Never unlocked, so that the thread ends with the goroutine, and its
		// namespace with it.
		runtime.LockOSThread()
		ready <- n.enter(current)
		for call := range n.calls {
			call()
		}
	}()
	if err := <-ready; err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *namespace) enter(current bool) (err error) {
	if !current {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("create a network namespace: %w: %w", ErrNotAllowed, err)
		}
	}
	n.fd, err = netns.Get()
	if err != nil {
		return fmt.Errorf("open the network namespace: %w", err)
	}
	return nil
}

// do runs f on the namespace's thread.
func (n *namespace) do(f func() error) error {
	result := make(chan error, 1)
	n.calls <- func() { result <- f() }
	return <-result
}

// start starts cmd in the namespace. The kernel kills it when the namespace's
// thread ends.
func (n *namespace) start(cmd *exec.Cmd) error {
	dieWithParent(cmd)
	return n.do(cmd.Start)
}

func (n *namespace) close() {
	close(n.calls)
	<-n.done
	if n.fd.IsOpen() {
		n.fd.Close()
	}
}

// loopbackUp brings up the loopback interface of the namespace.
func (n *namespace) loopbackUp() error {
	return n.do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(lo)
		}
		if err != nil {
			return fmt.Errorf("bring up the loopback interface: %w", err)
		}
		return nil
	})
}
