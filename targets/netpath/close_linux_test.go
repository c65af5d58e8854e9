package netpath

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// descriptors returns the open descriptors of this process.
func descriptors(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, link := range links {
		// The descriptor that read the folder is closed by now.
		if what, err := os.Readlink(link); err == nil {
			open = append(open, filepath.Base(link)+" "+what)
		}
	}
	return open
}

func threads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// eventually waits until f returns true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("not within %v: %s", patience, what)
			return
		}
	}
}

// devices returns the devices of the calling thread's namespace except lo. A new
// namespace has some if the kernel's tunnel modules are loaded.
func devices(t *testing.T) []string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range all {
		if d.Flags&net.FlagLoopback == 0 {
			names = append(names, d.Name)
		}
	}
	return names
}

// inode returns the inode of a namespace, which identifies it.
func inode(t *testing.T, n *namespace) string {
	t.Helper()
	var s unix.Stat_t
	if err := unix.Fstat(int(n.fd), &s); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("net:[%d]", s.Ino)
}

// inhabited reports whether a thread of any process is in the namespace.
func inhabited(ns string) bool {
	links, _ := filepath.Glob("/proc/[0-9]*/task/*/ns/net")
	return slices.ContainsFunc(links, func(link string) bool {
		net, err := os.Readlink(link)
		return err == nil && net == ns
	})
}

var kindsToClose = []Spec{
	{Kind: DelayLine, Impairments: impair.Set{}.WithRTT(2 * time.Millisecond)},
	{Kind: DelayLine, Impairments: impair.Set{Up: impair.OneWay{Loss: 0.01}}},
	{Kind: DelayLine},
	{Kind: Loopback},
}

func TestCloseLeavesNoDescriptorNamespaceOrDevice(t *testing.T) {
	for _, spec := range kindsToClose {
		t.Run(fmt.Sprintf("%s rtt %v loss %v", spec.Kind, spec.Impairments.RTT(), spec.Impairments.Up.Loss), func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			inMiddle(t, func() error {
				before, had := descriptors(t), devices(t)
				p, err := Open(spec, true)
				if err != nil {
					return err
				}
				client, server := inode(t, p.client), inode(t, p.server)
				if spec.Kind != Loopback && (client == server || !inhabited(client) || !inhabited(server)) {
					t.Error("the ends have no namespaces of their own")
				}
				handshakes(t, p, 2)
				if _, err := p.Close(); err != nil {
					return err
				}
				// The garbage collector may close descriptors of earlier tests meanwhile.
				isNew := func(d string) bool { return !slices.Contains(before, d) }
				if after := descriptors(t); slices.ContainsFunc(after, isNew) {
					t.Errorf("open before:\n%s\nopen after:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
				}
				if spec.Kind != Loopback {
					// The kernel removes a namespace some time after its last thread ends.
					eventually(t, "the ends' namespaces are empty", func() bool { return !inhabited(client) && !inhabited(server) })
				}
				eventually(t, "the taps are gone", func() bool { return slices.Equal(devices(t), had) })
				return nil
			})
		})
	}
}

func TestCloseEndsItsThreads(t *testing.T) {
	inMiddle(t, func() error {
		had := devices(t)
		round := func() error {
			p, err := Open(kindsToClose[0], true)
			if err != nil {
				return err
			}
			if _, err = p.Close(); err != nil {
				return err
			}
			eventually(t, "the taps are gone", func() bool { return slices.Equal(devices(t), had) })
			return nil
		}
		if err := round(); err != nil { // afterwards the runtime has the threads that it needs
			return err
		}
		before := threads(t)
		const rounds = 30
		for range rounds {
			if err := round(); err != nil {
				return err
			}
		}
		// A path has three threads; the runtime may start another one now and then.
		eventually(t, "the threads of 30 paths are gone", func() bool { return threads(t) < before+rounds/2 })
		return nil
	})
}

func TestCloseKillsProgramsAtTheEnds(t *testing.T) {
	inMiddle(t, func() error {
		p, err := Open(kindsToClose[0], true)
		if err != nil {
			return err
		}
		var running []*exec.Cmd
		for _, start := range []func(*exec.Cmd) error{p.StartClient, p.StartServer} {
			cmd := exec.Command("sleep", "600")
			if err := start(cmd); err != nil {
				return err
			}
			running = append(running, cmd)
		}
		if _, err := p.Close(); err != nil {
			return err
		}
		for _, cmd := range running {
			// Close may have waited for the process already.
			var exit *exec.ExitError
			if err := cmd.Wait(); errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Errorf("a program at an end ended with %v", err)
			}
			if err := cmd.Process.Signal(syscall.Signal(0)); err == nil {
				t.Errorf("process %d outlived the path", cmd.Process.Pid)
			}
		}
		return nil
	})
}

func TestFailedOpenLeavesNothingBehind(t *testing.T) {
	taken := func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = serverTap
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "other"})
	}
	for name, c := range map[string]struct {
		spec    Spec
		prepare func() error
	}{
		"unknown kind":                {Spec{Kind: "tunnel"}, nil},
		"auto":                        {Spec{Kind: Auto}, nil},
		"unknown congestion control":  {Spec{Kind: DelayLine, Congestion: "nosuch"}, nil},
		"loopback with a delay":       {Spec{Kind: Loopback, Impairments: impair.Set{}.WithRTT(time.Millisecond)}, nil},
		"the second device is taken":  {kindsToClose[0], taken},
		"netem without such a kernel": {Spec{Kind: Netem, Impairments: impair.Set{}.WithRTT(time.Millisecond)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			inMiddle(t, func() error {
				if c.prepare != nil {
					if err := c.prepare(); err != nil {
						return err
					}
				}
				before, had := descriptors(t), devices(t)
				p, err := Open(c.spec, true)
				if err == nil {
					_, err = p.Close()
					if c.spec.Kind == Netem {
						t.Skip("this kernel has netem")
					}
					t.Errorf("Open made a path of %+v", c.spec)
					return err
				}
				// The garbage collector may close descriptors of earlier tests meanwhile.
				isNew := func(d string) bool { return !slices.Contains(before, d) }
				if after := descriptors(t); slices.ContainsFunc(after, isNew) {
					t.Errorf("after %q:\nopen before:\n%s\nopen after:\n%s", err, strings.Join(before, "\n"), strings.Join(after, "\n"))
				}
				eventually(t, "the devices are gone", func() bool { return slices.Equal(devices(t), had) })
				return nil
			})
		})
	}
}

func TestLoopbackRejectsDelayAndLoss(t *testing.T) {
	for _, im := range []impair.Set{impair.Set{}.WithRTT(time.Nanosecond), {Up: impair.OneWay{Loss: 0.01}}, {Down: impair.OneWay{Loss: 0.01}}} {
		if _, err := Open(Spec{Kind: Loopback, Impairments: im}, false); !errors.Is(err, ErrLoopbackImpairments) {
			t.Errorf("a loopback path with %+v: %v", im, err)
		}
	}
}
