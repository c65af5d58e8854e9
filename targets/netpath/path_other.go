//go:build !linux

package netpath

import (
	"fmt"
	"net/netip"
	"os/exec"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Path is an open path between a client and a server. On systems other than
// Linux it can only be the loopback interface.
type Path struct{ loopback netip.Addr }

// Isolate does nothing: this system has no network namespaces.
func Isolate(*exec.Cmd) {}

// Foreground does nothing: Isolate changes no process group on this system.
func Foreground(*exec.Cmd) {}

// Open opens the path. The error wraps ErrNotAllowed for a kind other than
// Loopback, and is ErrLoopbackImpairments for impairments.
func Open(spec Spec, _ bool) (*Path, error) {
	if spec.Kind != Loopback {
		return nil, fmt.Errorf("open a %s path: %w", spec.Kind, ErrNotAllowed)
	}
	if spec.Impairments != (impair.Set{}) {
		return nil, ErrLoopbackImpairments
	}
	p := &Path{loopback: netip.MustParseAddr("127.0.0.1")}
	if spec.IPv6 {
		p.loopback = netip.IPv6Loopback()
	}
	return p, nil
}

// Kind returns the kind of the path.
func (p *Path) Kind() Kind { return Loopback }

// ServerAddr returns the address on which a server on the path listens.
func (p *Path) ServerAddr() netip.Addr { return p.loopback }

// Sysctl returns an empty map: the settings are specific to Linux.
func (p *Path) Sysctl() map[string]string { return map[string]string{} }

// StartServer starts cmd.
func (p *Path) StartServer(cmd *exec.Cmd) error { return cmd.Start() }

// StartClient starts cmd.
func (p *Path) StartClient(cmd *exec.Cmd) error { return cmd.Start() }

// ServerCPU returns 0: it is unknown on this system.
func (p *Path) ServerCPU() time.Duration { return 0 }

// Close closes the path and returns its statistics.
func (p *Path) Close() (Stats, error) { return Stats{Kind: Loopback}, nil }

// ServerProcesses returns none: they are unknown on this system.
func (p *Path) ServerProcesses() []int { return nil }
