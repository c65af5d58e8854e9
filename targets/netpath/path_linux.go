package netpath

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Path is a path between a client's and a server's end, made by Open in a
// process that Isolate gave a network namespace of its own.
type Path struct {
	kind           Kind
	network        network
	client, server *namespace
	taps           []string // devices made in the middle
	line           *delayLine
	sysctl         map[string]string
}

// Open makes the path. spec.Kind must not be Auto; see Probe. For a Loopback
// path isolated says whether the process has a network namespace of its own;
// the others need one.
func Open(spec Spec, isolated bool) (_ *Path, err error) {
	if spec.Kind == Loopback && spec.Impairments != (impair.Set{}) {
		return nil, ErrNeedsDelay
	}
	p := &Path{kind: spec.Kind, network: spec.network()}
	defer func() {
		if err != nil {
			p.closeNamespaces()
		}
	}()
	switch spec.Kind {
	case Loopback:
		err = p.openLoopback(spec, isolated)
	case DelayLine, Netem:
		err = p.openLink(spec)
	default:
		err = fmt.Errorf("cannot make a path of kind %q", spec.Kind)
	}
	if err != nil {
		return nil, fmt.Errorf("make a %s path: %w", spec.Kind, err)
	}
	return p, nil
}

func (p *Path) openLoopback(spec Spec, isolated bool) (err error) {
	if p.server, err = newNamespace(true); err != nil {
		return err
	}
	p.client = p.server
	if isolated {
		if err := p.server.loopbackUp(); err != nil {
			return err
		}
	}
	return p.server.do(func() error {
		p.sysctl, err = applySysctls(spec, isolated)
		return err
	})
}

func (p *Path) openLink(spec Spec) (err error) {
	if p.client, err = newNamespace(false); err != nil {
		return err
	}
	if p.server, err = newNamespace(false); err != nil {
		return err
	}
	for _, ns := range []*namespace{p.client, p.server} {
		err := ns.do(func() (err error) {
			p.sysctl, err = applySysctls(spec, true)
			return err
		})
		if err != nil {
			return err
		}
	}
	middle := spec
	middle.IPv6 = false // no discovery on the taps
	if _, err := applySysctls(middle, true); err != nil {
		return err
	}
	client, server := clientEnd(p.client, p.network), serverEnd(p.server, p.network)
	switch {
	case spec.Kind == Netem:
		return openNetem(client, server, spec)
	case spec.Impairments == impair.Set{} && spec.LogLimits == nil:
		// Nothing to do to packets: a line would only add to their way.
		return joinEnds(client, server, gsoPackets)
	}
	clientOffload, serverOffload := wholeFrames, wholeFrames
	if usesGSO(spec) {
		clientOffload, serverOffload = gsoPackets, noChecksums
	}
	for _, side := range []struct {
		tap string
		end end
		o   offload
	}{{clientTap, client, clientOffload}, {serverTap, server, serverOffload}} {
		tap := side.tap
		if err := addVeth(tap, side.end); err != nil {
			return err
		}
		p.taps = append(p.taps, tap)
		if err := side.end.configure(side.o); err != nil {
			return err
		}
		link, err := netlink.LinkByName(tap)
		if err == nil {
			err = netlink.LinkSetUp(link)
		}
		if err != nil {
			return fmt.Errorf("bring up %s: %w", tap, err)
		}
	}
	p.line, err = newDelayLine(clientTap, serverTap, spec)
	if err != nil {
		return err
	}
	go p.line.run()
	return nil
}

// Kind is the kind of the path.
func (p *Path) Kind() Kind { return p.kind }

// ServerAddr is where a server started on the path has to listen.
func (p *Path) ServerAddr() netip.Addr { return p.network.server }

// ClientAddr is where a client's connections come from.
func (p *Path) ClientAddr() netip.Addr { return p.network.client }

// Sysctl returns the TCP settings in force at both ends, by sysctl name.
func (p *Path) Sysctl() map[string]string { return p.sysctl }

// StartServer starts cmd at the server's end. It dies with this process.
func (p *Path) StartServer(cmd *exec.Cmd) error { return p.server.start(cmd) }

// StartClient starts cmd at the client's end. It dies with this process.
func (p *Path) StartClient(cmd *exec.Cmd) error { return p.client.start(cmd) }

// Close ends the path and returns its statistics. Programs still running at
// its ends are killed.
func (p *Path) Close() (Stats, error) {
	stats, err := p.stats()
	if p.kind != Loopback { // whose namespace may be the system's
		p.client.reap()
		p.server.reap()
	}
	p.closeNamespaces()
	return stats, err
}

func (p *Path) stats() (Stats, error) {
	switch {
	case p.kind == Loopback:
		return Stats{Kind: Loopback}, nil
	case p.line == nil:
		return linkStats(p.kind, clientEnd(p.client, p.network), serverEnd(p.server, p.network))
	}
	// Frames that the devices threw away are the instrument's fault as well.
	var lost int64
	var errs []error
	for _, e := range []end{clientEnd(p.client, p.network), serverEnd(p.server, p.network)} {
		n, err := e.drops()
		lost += n
		errs = append(errs, err)
	}
	for _, tap := range []string{clientTap, serverTap} {
		n, err := linkDrops(tap)
		lost += n
		errs = append(errs, err)
	}
	stats, err := p.line.close()
	p.line = nil
	stats.SendErrors += lost
	return stats, errors.Join(append(errs, err)...)
}

func (p *Path) closeNamespaces() {
	if p.line != nil {
		_, _ = p.line.close()
	}
	// They would go with the ends' namespaces, but those last for as long as
	// the kernel keeps connections that were closed in the middle of something.
	for _, tap := range p.taps {
		if link, err := netlink.LinkByName(tap); err == nil {
			_ = netlink.LinkDel(link)
		}
	}
	if p.client != nil {
		p.client.close()
	}
	if p.server != nil && p.server != p.client {
		p.server.close()
	}
}
