//go:build !linux

package netpath

import (
	"fmt"
	"net/netip"
	"os/exec"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Path is a path between a client and a server; away from Linux only the
// loopback interface is one.
type Path struct{ loopback netip.Addr }

// Isolate does nothing: there are no network namespaces here.
func Isolate(*exec.Cmd) {}

// Foreground does nothing: no process group is changed here.
func Foreground(*exec.Cmd) {}

// Open makes the path.
func Open(spec Spec, _ bool) (*Path, error) {
	if spec.Kind != Loopback {
		return nil, fmt.Errorf("make a %s path: %w", spec.Kind, ErrNotAllowed)
	}
	if spec.Impairments != (impair.Set{}) {
		return nil, ErrNeedsDelay
	}
	p := &Path{loopback: netip.MustParseAddr("127.0.0.1")}
	if spec.IPv6 {
		p.loopback = netip.IPv6Loopback()
	}
	return p, nil
}

// Kind is the kind of the path.
func (p *Path) Kind() Kind { return Loopback }

// ServerAddr is where a server started on the path has to listen.
func (p *Path) ServerAddr() netip.Addr { return p.loopback }

// ClientAddr is where a client's connections come from.
func (p *Path) ClientAddr() netip.Addr { return p.loopback }

// Sysctl returns nothing: these settings are Linux's.
func (p *Path) Sysctl() map[string]string { return map[string]string{} }

// StartServer starts cmd.
func (p *Path) StartServer(cmd *exec.Cmd) error { return cmd.Start() }

// StartClient starts cmd.
func (p *Path) StartClient(cmd *exec.Cmd) error { return cmd.Start() }

// ServerCPU is not known here.
func (p *Path) ServerCPU() time.Duration { return 0 }

// Close ends the path and returns its statistics.
func (p *Path) Close() (Stats, error) { return Stats{Kind: Loopback}, nil }
