package netpath

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Path is an open path between a client and a server. Open it in a process that
// Isolate has given its own network namespace.
type Path struct {
	kind           Kind
	network        network
	client, server *namespace
	taps           []string // devices made in the middle
	line           *delayLine
	sysctl         map[string]string
}

// Open opens the path. spec.Kind must not be Auto. isolated says whether the
// process has its own network namespace, which only a Loopback path can do
// without. The error wraps ErrNotAllowed if the system denies what the path
// needs; it is ErrLoopbackImpairments for a Loopback path with impairments.
func Open(spec Spec, isolated bool) (_ *Path, err error) {
	if spec.Kind == Loopback && spec.Impairments != (impair.Set{}) {
		return nil, ErrLoopbackImpairments
	}
	adoptOrphans() // so that Close finds what programs have left behind
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
		err = fmt.Errorf("no path can be of kind %q", spec.Kind)
	}
	if err != nil {
		return nil, fmt.Errorf("open a %s path: %w", spec.Kind, err)
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

// openLink makes the namespaces of the two ends and connects them.
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
	middle.IPv6 = false // no neighbour discovery on the taps
	if _, err := applySysctls(middle, true); err != nil {
		return err
	}
	client, server := clientEnd(p.client, p.network), serverEnd(p.server, p.network)
	switch {
	case spec.Kind == Netem:
		return openNetem(client, server, spec)
	case spec.Impairments == impair.Set{} && spec.LogOptions == nil:
		// A delay line would only add to the latency.
		return joinEnds(client, server, gsoPackets)
	}
	return p.openDelayLine(client, server, spec)
}

// openDelayLine connects each end to a tap and starts a delay line between the taps.
func (p *Path) openDelayLine(client, server end, spec Spec) (err error) {
	clientOffload, serverOffload := wholeFrames, wholeFrames
	if usesGSO(spec) {
		clientOffload, serverOffload = gsoPackets, noChecksums
	}
	if err := p.addTap(clientTap, client, clientOffload); err != nil {
		return err
	}
	if err := p.addTap(serverTap, server, serverOffload); err != nil {
		return err
	}
	if p.line, err = newDelayLine(clientTap, serverTap, spec); err != nil {
		return err
	}
	go p.line.run()
	return nil
}

// addTap connects an end to a tap in the middle.
func (p *Path) addTap(tap string, e end, o offload) error {
	if err := addVeth(tap, e); err != nil {
		return err
	}
	p.taps = append(p.taps, tap)
	if err := e.configure(o); err != nil {
		return err
	}
	link, err := netlink.LinkByName(tap)
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	if err != nil {
		return fmt.Errorf("bring up %s: %w", tap, err)
	}
	return nil
}

// Kind returns the kind of the path.
func (p *Path) Kind() Kind { return p.kind }

// ServerAddr returns the address on which a server on the path listens.
func (p *Path) ServerAddr() netip.Addr { return p.network.server }

// ClientAddr returns the source address of the client's connections.
func (p *Path) ClientAddr() netip.Addr { return p.network.client }

// Sysctl returns the TCP settings of both ends, by the last element of the sysctl
// name. They are read back after they were written.
func (p *Path) Sysctl() map[string]string { return p.sysctl }

// StartServer starts cmd at the server's end. The kernel kills it when this
// process ends.
func (p *Path) StartServer(cmd *exec.Cmd) error { return p.server.start(cmd) }

// StartClient starts cmd at the client's end. The kernel kills it when this
// process ends.
func (p *Path) StartClient(cmd *exec.Cmd) error { return p.client.start(cmd) }

// Close closes the path and returns its statistics. It kills the programs that
// still run at the ends.
func (p *Path) Close() (Stats, error) {
	stats, err := p.stats()
	if p.kind != Loopback { // its namespace may be the system's
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
	// Frames dropped by the devices are failures of the instrument, too.
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
	// The devices would disappear with the namespaces of the ends. But the kernel
	// keeps a namespace for as long as it has unfinished connections in it.
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
