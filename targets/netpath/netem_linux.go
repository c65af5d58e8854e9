package netpath

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// netemLimit is how many packets netem may hold. With its default of 1000 it drops
// packets above 10,000 a second at 100 ms.
const netemLimit = 1 << 20

// joinEnds connects both ends directly by one veth pair.
func joinEnds(client, server end, o offload) error {
	// Created in the client's namespace, so that its device keeps its MAC address.
	err := client.ns.do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = client.dev
		attrs.HardwareAddr = client.mac
		veth := &netlink.Veth{LinkAttrs: attrs, PeerName: server.dev, PeerHardwareAddr: server.mac, PeerNamespace: netlink.NsFd(int(server.ns.fd))}
		if err := netlink.LinkAdd(veth); err != nil {
			return fmt.Errorf("create the veth pair: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(client.configure(o), server.configure(o))
}

// openNetem connects both ends and adds a netem to each, which impairs the packets
// that the end sends.
func openNetem(client, server end, spec Spec) error {
	im := spec.Impairments
	if im.Fault != impair.NoFault {
		return fmt.Errorf("fault %v: %w: netem does not inspect packets", im.Fault, errNotNetem)
	}
	// Whole frames, so that a loss drops one frame and not a GSO packet.
	if err := joinEnds(client, server, wholeFrames); err != nil {
		return err
	}
	err := client.ns.do(func() error { return addNetem(client.dev, im.Up) })
	if err != nil {
		return err
	}
	return server.ns.do(func() error { return addNetem(server.dev, im.Down) })
}

// addNetem adds a netem to a device, and a tbf below it if im has a Rate.
func addNetem(dev string, im impair.OneWay) error {
	attrs, err := netemAttrs(im)
	if err != nil {
		return err
	}
	bursts, err := lossBursts(im)
	if err != nil {
		return err
	}
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return fmt.Errorf("find %s: %w", dev, err)
	}
	root := netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT}
	if err := sendNetem(netlink.NewNetem(root, attrs), bursts); err != nil {
		return fmt.Errorf("add netem to %s (does the kernel have sch_netem?): %w: %w", dev, ErrNotAllowed, err)
	}
	below, err := tbf(im, netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(2, 0), Parent: netlink.MakeHandle(1, 1)})
	if err != nil || below == nil {
		return err
	}
	if err := netlink.QdiscAdd(below); err != nil {
		return fmt.Errorf("add tbf to %s (does the kernel have sch_tbf?): %w: %w", dev, ErrNotAllowed, err)
	}
	return nil
}

// linkStats returns the statistics of a path that the kernel itself carries. They
// lack lateness and the counts of duplicated and reordered packets, which the
// kernel does not report.
func linkStats(kind Kind, client, server end) (Stats, error) {
	s := Stats{Kind: kind}
	if kind != Netem {
		err := server.ns.do(func() error {
			counters, err := linkStatistics(server.dev)
			s.Packets = int64(counters.TxPackets + counters.RxPackets)
			return err
		})
		return s, err
	}
	for _, e := range []end{client, server} {
		if err := e.ns.do(func() error { return s.countNetem(e.dev) }); err != nil {
			return s, err
		}
	}
	return s, nil
}

// countNetem adds the counts of a device's qdiscs. A netem also counts the packets
// that the filter below it drops.
func (s *Stats) countNetem(dev string) error {
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return fmt.Errorf("find %s: %w", dev, err)
	}
	list, err := netlink.QdiscList(link)
	if err != nil {
		return fmt.Errorf("read the counts of %s: %w", dev, err)
	}
	for _, q := range list {
		counts := q.Attrs().Statistics
		if counts == nil || counts.Basic == nil || counts.Queue == nil {
			return fmt.Errorf("read the counts of %s: its %s has none", dev, q.Type())
		}
		drops := int64(counts.Queue.Drops)
		switch q.Type() {
		case "netem":
			s.Packets += int64(counts.Basic.Packets) + int64(counts.Queue.Qlen) + drops
			s.Lost += drops
		case "tbf":
			s.QueueDrops += drops
			s.Lost -= drops
		}
	}
	return nil
}
