package netpath

import (
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Names and hardware addresses of the veth devices. They are the same in every
// run, because every run has its own namespaces.
const (
	clientDev, clientTap = "client", "to-client"
	serverDev, serverTap = "server", "to-server"
)

var (
	clientMAC = net.HardwareAddr{0x02, 0x72, 0x62, 0, 0, 0x01} // locally administered
	serverMAC = net.HardwareAddr{0x02, 0x72, 0x62, 0, 0, 0x02}
)

// network is the addresses of the two ends. They exist only in the namespaces.
type network struct {
	client, server netip.Addr
	bits           int // length of the common prefix
}

// These ranges are reserved for benchmarking of network devices.
var (
	ipv4 = network{netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.18.0.2"), 30} // RFC 2544 appendix C.2.2
	ipv6 = network{netip.MustParseAddr("2001:2::1"), netip.MustParseAddr("2001:2::2"), 64}   // RFC 5180 section 8
	lo4  = network{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.1"), 8}
	lo6  = network{netip.MustParseAddr("::1"), netip.MustParseAddr("::1"), 128}
)

// network returns the addresses of the path's ends.
func (s Spec) network() network {
	switch loopback := s.Kind == Loopback; {
	case loopback && s.IPv6:
		return lo6
	case loopback:
		return lo4
	case s.IPv6:
		return ipv6
	}
	return ipv4
}

// end is one end of the path: a device with an address in a namespace.
type end struct {
	ns       *namespace
	dev      string
	mac      net.HardwareAddr
	addr     netip.Addr
	peerMAC  net.HardwareAddr
	peerAddr netip.Addr
	bits     int
}

func clientEnd(ns *namespace, n network) end {
	return end{ns, clientDev, clientMAC, n.client, serverMAC, n.server, n.bits}
}

func serverEnd(ns *namespace, n network) end {
	return end{ns, serverDev, serverMAC, n.server, clientMAC, n.client, n.bits}
}

// addVeth creates a veth pair: tap in the calling thread's namespace and the
// device of e in the namespace of e. Both are down until configured.
func addVeth(tap string, e end) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = tap
	veth := &netlink.Veth{
		LinkAttrs:        attrs,
		PeerName:         e.dev,
		PeerHardwareAddr: e.mac,
		PeerNamespace:    netlink.NsFd(int(e.ns.fd)),
	}
	if err := netlink.LinkAdd(veth); err != nil {
		return fmt.Errorf("create the veth pair %s: %w", tap, err)
	}
	return nil
}

// offload is the work that a device may leave to the receiver of its packets.
type offload int

const (
	wholeFrames offload = iota // none: frames of at most the MTU, with checksums
	noChecksums                // frames of at most the MTU, without checksums
	gsoPackets                 // packets of up to maxGSO bytes, without checksums
)

// configure gives the end's device its address and brings it up.
func (e end) configure(o offload) error {
	return e.ns.do(func() error {
		link, err := netlink.LinkByName(e.dev)
		if err != nil {
			return fmt.Errorf("find %s: %w", e.dev, err)
		}
		if err := setOffload(link, o); err != nil {
			return err
		}
		family := netlink.FAMILY_V4
		ip := &netlink.Addr{IPNet: &net.IPNet{IP: e.addr.AsSlice(), Mask: net.CIDRMask(e.bits, e.addr.BitLen())}}
		if e.addr.Is6() {
			family = netlink.FAMILY_V6
			// Duplicate address detection would block the address for a second.
			ip.Flags = unix.IFA_F_NODAD
			// A device without address resolution joins no solicited-node multicast
			// group (addrconf_join_solict) and sends no multicast reports.
			if err := netlink.LinkSetARPOff(link); err != nil {
				return fmt.Errorf("turn off address resolution of %s: %w", e.dev, err)
			}
		}
		if err := netlink.AddrAdd(link, ip); err != nil {
			return fmt.Errorf("set the address of %s: %w", e.dev, err)
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return fmt.Errorf("bring up %s: %w", e.dev, err)
		}
		// Without a permanent neighbour entry the first SYN waits for ARP, and a
		// second longer if the ARP request is lost.
		err = netlink.NeighAdd(&netlink.Neigh{
			LinkIndex: link.Attrs().Index, Family: family, State: netlink.NUD_PERMANENT,
			IP: e.peerAddr.AsSlice(), HardwareAddr: e.peerMAC,
		})
		if err != nil {
			return fmt.Errorf("add the neighbour of %s: %w", e.dev, err)
		}
		return nil
	})
}

// drops returns how many frames the end's device has dropped.
func (e end) drops() (n int64, err error) {
	err = e.ns.do(func() error {
		n, err = linkDrops(e.dev)
		return err
	})
	return n, err
}

// linkDrops returns how many frames dev has dropped, sent and received ones.
func linkDrops(dev string) (int64, error) {
	s, err := linkStatistics(dev)
	return int64(s.TxDropped + s.RxDropped), err
}

// linkStatistics returns the counters of a device in the calling thread's
// namespace; they are 0 if the kernel reports none.
func linkStatistics(dev string) (netlink.LinkStatistics, error) {
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return netlink.LinkStatistics{}, fmt.Errorf("find %s: %w", dev, err)
	}
	if s := link.Attrs().Statistics; s != nil {
		return *s, nil
	}
	return netlink.LinkStatistics{}, nil
}

// ethtoolValue is struct ethtool_value of linux/ethtool.h.
type ethtoolValue struct {
	cmd  uint32
	data uint32
}

// setOffload turns off the offloads of a device that the path cannot carry. Only
// the kernel itself can process a packet that exceeds the MTU or lacks its
// checksum.
func setOffload(link netlink.Link, o offload) error {
	var off []uint32
	switch o {
	case wholeFrames:
		off = []uint32{unix.ETHTOOL_STXCSUM, unix.ETHTOOL_STSO, unix.ETHTOOL_SGSO, unix.ETHTOOL_SGRO}
	case noChecksums:
		off = []uint32{unix.ETHTOOL_STSO, unix.ETHTOOL_SGSO, unix.ETHTOOL_SGRO}
	case gsoPackets:
		if err := netlink.LinkSetGSOMaxSize(link, maxGSO); err != nil {
			return fmt.Errorf("limit the packet size of %s: %w", link.Attrs().Name, err)
		}
		off = []uint32{unix.ETHTOOL_SGRO}
	}
	return turnOff(link.Attrs().Name, off)
}

func turnOff(dev string, offloads []uint32) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a control socket: %w", err)
	}
	defer unix.Close(fd)
	for _, cmd := range offloads {
		value := ethtoolValue{cmd: cmd}
		var req struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}
		copy(req.name[:unix.IFNAMSIZ-1], dev)
		req.data = unsafe.Pointer(&value)
		if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); e != 0 {
			return fmt.Errorf("turn off offload %#x of %s: %w", cmd, dev, e)
		}
	}
	return nil
}
