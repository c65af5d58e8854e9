package netpath

import (
	"fmt"
	"net"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// slots is the shape of a ring. A ring holds every frame that is on its way in
// one direction, so its number of slots is the longest delay times the highest
// rate: 32768 are 200 ms each way at 160,000 frames a second.
type slots struct {
	size  uint32 // bytes; a power of two, no less than a frame with its header
	count uint32
}

var (
	// frameSlots hold frames as they are on a wire.
	frameSlots = slots{2 << 10, 32 << 10}
	// burstSlots hold what a sender hands to a device that cuts it into frames:
	// up to maxBurst bytes with one header. Many, because a sender at its start
	// makes small bursts, of two segments (tcp_tso_autosize in
	// net/ipv4/tcp_output.c), and each takes a slot: with 8192 of twice the size a
	// thousand connections that send a body over 200 ms overran the ring.
	gsoSlots = slots{8 << 10, 16 << 10}
)

const (
	// maxBurst is the largest packet of a device whose packets go into burstSlots.
	maxGSO    = 7 << 10
	blockSize = 1 << 16
)

// vnetHeader is the size of struct virtio_net_hdr, which stands before a
// packet that the kernel has yet to cut into frames and to give checksums.
const vnetHeader = 10

// packetIgnoreOutgoing is PACKET_IGNORE_OUTGOING of linux/if_packet.h: the
// socket does not see what it sends itself.
const packetIgnoreOutgoing = 23

// tap is a packet socket on one device with a receive ring (packet(7), TPACKET_V2)
// whose frames stay in the kernel's memory until they are released.
type tap struct {
	fd     int
	mem    []byte
	slots  slots
	prefix uint32 // bytes before the link-layer header: 0, or a vnetHeader
}

// openTap opens a tap on a device. With bursts, packets come and go with a
// vnetHeader; without, they are frames.
func openTap(dev string, shape slots, bursts bool) (*tap, error) {
	fail := func(what string, err error) (*tap, error) {
		return nil, fmt.Errorf("%s on %s: %w", what, dev, err)
	}
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return fail("find the device", err)
	}
	// Protocol 0 until bound: no frame enters before the ring is there.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fail("open a packet socket", fmt.Errorf("%w: %w", ErrNotAllowed, err))
	}
	t := &tap{fd: fd, slots: shape}
	vnet := 0
	if bursts {
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
		// Has the kernel stamp a frame when the device takes it, not later
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
		return fail("make the receive ring", err)
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

// close gives the ring back to the kernel.
func (t *tap) close() {
	if t.mem != nil {
		unix.Munmap(t.mem)
	}
	unix.Close(t.fd)
}

// drops is the number of frames that found the ring full since the last call.
func (t *tap) drops() (int64, error) {
	stats, err := unix.GetsockoptTpacketStats(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, fmt.Errorf("read the ring's statistics: %w", err)
	}
	return int64(stats.Drops), nil
}

// frame is the header of one slot of the ring.
func (t *tap) frame(i uint32) *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&t.mem[i*t.slots.size]))
}

// received tells whether the kernel has put a frame into the slot.
func received(h *unix.Tpacket2Hdr) bool {
	return atomic.LoadUint32(&h.Status)&unix.TP_STATUS_USER != 0
}

// release gives the slot back to the kernel.
func returnSlot(h *unix.Tpacket2Hdr) {
	atomic.StoreUint32(&h.Status, unix.TP_STATUS_KERNEL)
}
