package netpath

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// openNaive opens a path of the obvious design, for comparison with the delay line:
// a TUN device at each end, and for each direction a goroutine that reads packets,
// a channel, and a goroutine that sleeps until a packet is due and writes it.
func openNaive(spec Spec) (_ *Path, err error) {
	p := &Path{kind: DelayLine, network: ipv4} // without a line: its server's device counts packets
	if p.client, err = newNamespace(false); err != nil {
		return nil, err
	}
	if p.server, err = newNamespace(false); err != nil {
		return nil, err
	}
	client, err := openTUN(p.client, clientDev, p.ClientAddr(), spec)
	if err != nil {
		return nil, err
	}
	server, err := openTUN(p.server, serverDev, p.ServerAddr(), spec)
	if err != nil {
		return nil, err
	}
	forward(client, server, spec.Impairments.Up.Delay)
	forward(server, client, spec.Impairments.Down.Delay)
	return p, nil
}

func openTUN(ns *namespace, dev string, addr netip.Addr, spec Spec) (f *os.File, err error) {
	err = ns.do(func() error {
		if _, err := applySysctls(spec, true); err != nil {
			return err
		}
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("open /dev/net/tun: %w", err)
		}
		ifr, err := unix.NewIfreq(dev)
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
			return fmt.Errorf("make a TUN device: %w", err)
		}
		f = os.NewFile(uintptr(fd), "tun")
		link, err := netlink.LinkByName(dev)
		if err != nil {
			return fmt.Errorf("find %s: %w", dev, err)
		}
		ip := &netlink.Addr{IPNet: &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(ipv4.bits, addr.BitLen())}}
		if err := netlink.AddrAdd(link, ip); err != nil {
			return fmt.Errorf("give %s its address: %w", dev, err)
		}
		// The default of 500 packets is too small for many connections at once.
		if err := netlink.LinkSetTxQLen(link, 1<<16); err != nil {
			return fmt.Errorf("lengthen the queue of %s: %w", dev, err)
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return fmt.Errorf("bring up %s: %w", dev, err)
		}
		return nil
	})
	return f, err
}

// forward forwards the packets of one direction until the process ends.
func forward(from, to *os.File, delay time.Duration) {
	type packet struct {
		due  time.Time
		data []byte
	}
	waiting := make(chan packet, 1<<16)
	go func() {
		for {
			data := make([]byte, 1500)
			n, err := from.Read(data)
			if err != nil {
				return
			}
			waiting <- packet{time.Now().Add(delay), data[:n]}
		}
	}()
	go func() {
		for p := range waiting {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				return
			}
		}
	}()
}
