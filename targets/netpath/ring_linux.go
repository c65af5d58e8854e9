package netpath

import (
	"fmt"
	"math/bits"
	"net"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// slots is the size and number of a ring's slots. A ring holds every frame in
// transit in one direction, so it needs the longest delay times the highest
// rate: 32768 slots suffice for 200 ms each way at 160,000 frames a second.
type slots struct {
	size  uint32 // bytes; a power of two, at least a frame with its header
	count uint32
}

var (
	// frameSlots hold frames of at most the MTU.
	frameSlots = slots{2 << 10, 32 << 10}
	// gsoSlots hold GSO packets: several segments of up to maxGSO bytes together,
	// with one header. There are many slots, because a sender in slow start makes
	// small GSO packets of two segments (tcp_tso_autosize in
	// net/ipv4/tcp_output.c) and each takes a slot. With 8192 slots of twice the
	// size, a thousand connections sending a body over 200 ms overran the ring.
	gsoSlots = slots{8 << 10, 16 << 10}
)

// minSlots is the size of the smallest ring, for a path that does not get to run for
// some milliseconds.
const minSlots = 1 << 10

// atMost returns slots of the same size, no more of them than that many packets need.
// 0 is no bound.
func (s slots) atMost(packets int) slots {
	if packets > 0 {
		need := uint32(1) << bits.Len(uint(packets-1)) // a power of two
		s.count = min(s.count, max(need, minSlots))
	}
	return s
}

const (
	// maxGSO is the largest GSO packet, in bytes; it fits into one of gsoSlots.
	maxGSO    = 7 << 10
	blockSize = 1 << 16
)

// vnetHeader is the size of struct virtio_net_hdr, which precedes a packet that
// the kernel has yet to segment and checksum.
const vnetHeader = 10

// packetIgnoreOutgoing is PACKET_IGNORE_OUTGOING of linux/if_packet.h: the
// socket does not receive what it sends.
const packetIgnoreOutgoing = 23

// tap is a packet socket on one device with a receive ring (packet(7),
// TPACKET_V2). Frames stay in the ring until their slots are returned.
type tap struct {
	fd     int
	mem    []byte
	slots  slots
	prefix uint32 // bytes before the link-layer header: 0, or a vnetHeader
}

// openTap opens a tap on a device. With gso, packets are received and sent with a
// vnetHeader; otherwise they are plain frames.
func openTap(dev string, shape slots, gso bool) (*tap, error) {
	fail := func(what string, err error) (*tap, error) {
		return nil, fmt.Errorf("%s on %s: %w", what, dev, err)
	}
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return fail("find the device", err)
	}
	// Protocol 0 until bound, so that no frame arrives before the ring exists.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fail("open a packet socket", fmt.Errorf("%w: %w", ErrNotAllowed, err))
	}
	t := &tap{fd: fd, slots: shape}
	vnet := 0
	if gso {
		vnet, t.prefix = 1, vnetHeader
	}
	for _, opt := range []struct {
		name       string
		level, opt int
		value      int
	}{
		{"PACKET_VNET_HDR", unix.SOL_PACKET, unix.PACKET_VNET_HDR, vnet},
		{"PACKET_VERSION", unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2},
		{"PACKET_IGNORE_OUTGOING", unix.SOL_PACKET, packetIgnoreOutgoing, 1},
		{"PACKET_QDISC_BYPASS", unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1},
		// Makes the kernel stamp a frame when the device receives it, not later
		// when the ring does (net_timestamp_check in net/core/dev.c).
		{"SO_TIMESTAMPNS", unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1},
	} {
		if err := unix.SetsockoptInt(fd, opt.level, opt.opt, opt.value); err != nil {
			t.close()
			return fail("set "+opt.name, err)
		}
	}
	req := unix.TpacketReq{Block_size: blockSize, Block_nr: shape.count * shape.size / blockSize, Frame_size: shape.size, Frame_nr: shape.count}
	if err := unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		t.close()
		return fail("create the receive ring", err)
	}
	t.mem, err = unix.Mmap(fd, 0, int(shape.size*shape.count), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		t.close()
		return fail("map the receive ring", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: ifi.Index}); err != nil {
		t.close()
		return fail("bind the packet socket", err)
	}
	return t, nil
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// close unmaps the ring and closes the socket.
func (t *tap) close() {
	if t.mem != nil {
		unix.Munmap(t.mem)
	}
	unix.Close(t.fd)
}

// drops returns how many frames found the ring full since the last call.
func (t *tap) drops() (int64, error) {
	stats, err := unix.GetsockoptTpacketStats(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, fmt.Errorf("read the ring's statistics: %w", err)
	}
	return int64(stats.Drops), nil
}

// frame returns the header of slot i.
func (t *tap) frame(i uint32) *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&t.mem[i*t.slots.size]))
}

// received reports whether the kernel has put a frame into the slot.
func received(h *unix.Tpacket2Hdr) bool {
	return atomic.LoadUint32(&h.Status)&unix.TP_STATUS_USER != 0
}

// returnSlot returns the slot to the kernel.
func returnSlot(h *unix.Tpacket2Hdr) {
	atomic.StoreUint32(&h.Status, unix.TP_STATUS_KERNEL)
}
