package wire

import "encoding/binary"

// Direction is the way a packet crosses the path.
type Direction uint8

// The two directions. The tap that a packet came in by knows its direction;
// nothing in the packet does.
const (
	FromClient Direction = iota
	FromServer
)

// String returns the direction's name.
func (d Direction) String() string { return [...]string{"from client", "from server"}[d] }

// Passage is what the path did with a packet.
type Disposition uint8

// The closed set of passages. Only Passed and Copied packets reached the other
// end.
const (
	InTransit  Disposition = iota // still on the path when the path ended
	Forwarded                     // handed on
	Duplicate                     // a further copy, made by the path, handed on
	Lost                          // dropped by the path's random loss
	QueueFull                     // dropped because the path's queue was full
	FaultDrop                     // dropped by a fault that picks packets by what they are
	SendFailed                    // the device at the other end would not take it: the instrument's fault
)

// String returns the passage in a reader's words.
func (p Disposition) String() string {
	return [...]string{"held", "passed", "copied", "lost", "queue full", "picked out", "failed"}[p]
}

// Flags are the control bits of a TCP header (RFC 9293 section 3.1).
type Flags uint8

// The flags that tell the story of a connection.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// Has tells whether all of the flags in f are set.
func (s Flags) Has(f Flags) bool { return s&f == f }

// Packet is the record of one TCP packet that entered the path. It holds no
// pointer, so that a log of millions costs the garbage collector nothing. Times
// are nanoseconds on the path's clock: At, when the packet entered the path, is
// when its sender sent it; Out, when the path handed it on, is when its
// receiver's kernel got it, and 0 when it never did.
type Packet struct {
	In, Out     int64
	Seq, Ack    uint32 // Ack means something only with the ACK flag
	Len         uint32 // bytes of payload; a packet not yet cut into frames carries up to 64 KiB
	Window      uint16 // as on the wire: not scaled
	ClientPort  uint16
	ServerPort  uint16
	Flags       Flags
	Direction   Direction
	Disposition Disposition
}

// Arrived tells whether the packet was handed to its receiver.
func (p *Packet) Arrived() bool { return p.Out != 0 }

// span is how much of the sequence space the packet takes: SYN and FIN count
// as one each (RFC 9293 section 3.4).
func (p *Packet) span() uint32 {
	n := p.Len
	if p.Flags.Has(SYN) {
		n++
	}
	if p.Flags.Has(FIN) {
		n++
	}
	return n
}

const (
	ethernetHeader = 14
	etherTypeIPv4  = 0x0800
	etherTypeIPv6  = 0x86dd
	ipv4Header     = 20 // without options
	ipv6Header     = 40
	tcpHeader      = 20 // without options
	protocolTCP    = 6
)

// shape says where in a frame what begins.
type offsets struct {
	network   int // the IP header
	transport int // the TCP header
	payload   int
	end       int // of the IP packet; beyond the frame if the frame is cut short
	version   int // 4 or 6
}

// dissect finds the TCP segment in an Ethernet frame. ok is false for anything
// else: another protocol, a fragment (TCP sets DF and never sends one), an IPv6
// packet with extension headers (a path between two stacks on one machine has
// none), a frame too short for the headers it announces. The payload may be cut
// short; the headers may not.
func dissect(frame []byte) (s offsets, ok bool) {
	if len(frame) < ethernetHeader {
		return s, false
	}
	ip := frame[ethernetHeader:]
	s.network = ethernetHeader
	switch binary.BigEndian.Uint16(frame[12:14]) {
	case etherTypeIPv4:
		if len(ip) < ipv4Header || ip[0]>>4 != 4 {
			return s, false
		}
		header := int(ip[0]&0x0f) * 4
		total := int(binary.BigEndian.Uint16(ip[2:4]))
		if total == 0 {
			total = len(ip) // more than 64 KiB, not yet cut into frames (iph_set_totlen in linux/ip.h)
		}
		const moreFragments, offset = 0x2000, 0x1fff
		fragment := binary.BigEndian.Uint16(ip[6:8])&(moreFragments|offset) != 0
		if header < ipv4Header || header > total || fragment || ip[9] != protocolTCP {
			return s, false
		}
		s.version, s.transport, s.end = 4, s.network+header, s.network+total
	case etherTypeIPv6:
		if len(ip) < ipv6Header || ip[0]>>4 != 6 || ip[6] != protocolTCP {
			return s, false
		}
		s.version, s.transport = 6, s.network+ipv6Header
		s.end = s.transport + int(binary.BigEndian.Uint16(ip[4:6]))
	default:
		return s, false
	}
	if len(frame) < s.transport+tcpHeader {
		return s, false
	}
	header := int(frame[s.transport+12]>>4) * 4
	s.payload = s.transport + header
	if header < tcpHeader || s.payload > len(frame) || s.payload > s.end {
		return s, false
	}
	return s, true
}

// Parse reads an Ethernet frame with a TCP segment over IPv4 or IPv6; ok is
// false for every other frame, and At, Out and Passage are left to the caller.
// It allocates nothing.
func Parse(frame []byte, d Direction) (p Packet, ok bool) {
	s, ok := dissect(frame)
	if !ok {
		return p, false
	}
	tcp := frame[s.transport:s.payload]
	p = Packet{
		Seq:        binary.BigEndian.Uint32(tcp[4:8]),
		Ack:        binary.BigEndian.Uint32(tcp[8:12]),
		Len:        uint32(s.end - s.payload),
		Window:     binary.BigEndian.Uint16(tcp[14:16]),
		ClientPort: binary.BigEndian.Uint16(tcp[0:2]),
		ServerPort: binary.BigEndian.Uint16(tcp[2:4]),
		Flags:      Flags(tcp[13]),
		Direction:  d,
	}
	if d == FromServer {
		p.ClientPort, p.ServerPort = p.ServerPort, p.ClientPort
	}
	return p, true
}
