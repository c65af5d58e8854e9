package wire

import "encoding/binary"

// Direction is the direction in which a packet crosses the path.
type Direction uint8

// The two directions. They follow from the tap at which a packet arrived, not from
// the packet.
const (
	FromClient Direction = iota
	FromServer
)

// String returns the direction's name.
func (d Direction) String() string { return [...]string{"from client", "from server"}[d] }

// Disposition is what the path did with a packet.
type Disposition uint8

// The closed set of dispositions. Only Forwarded and Duplicate packets reached the
// other end.
const (
	inTransit  Disposition = iota // not yet forwarded when the path was closed
	Forwarded                     // sent to the other end
	Duplicate                     // a copy made by the path, sent to the other end
	Lost                          // dropped by random loss
	QueueFull                     // dropped because the queue was full
	FaultDrop                     // dropped by a fault
	SendFailed                    // not accepted by the device at the other end: a failure of the instrument
)

// String returns the disposition in words.
func (p Disposition) String() string {
	return [...]string{"in transit", "forwarded", "duplicate", "lost", "queue full", "dropped by a fault", "send failed"}[p]
}

// Flags are the control bits of a TCP header (RFC 9293 section 3.1).
type Flags uint8

// The flags that the ledger uses.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	psh
	ACK
)

// Has reports whether all flags in f are set.
func (s Flags) Has(f Flags) bool { return s&f == f }

// Packet is the record of one TCP packet that entered the path. It contains no
// pointers, so a log of millions costs the garbage collector nothing. Times are in
// nanoseconds on the path's clock. In is when the packet entered the path, which
// is when its sender sent it. Out is when the path forwarded it, which is when the
// receiver's kernel received it; 0 if it was not forwarded.
type Packet struct {
	In, Out     int64
	Seq, Ack    uint32 // Ack is valid only with the ACK flag
	Len         uint32 // bytes of payload; up to 64 KiB in a GSO packet
	Window      uint16 // as in the header: not scaled
	ClientPort  uint16
	ServerPort  uint16
	Flags       Flags
	Direction   Direction
	Disposition Disposition
}

// Arrived reports whether the packet reached its receiver.
func (p *Packet) Arrived() bool { return p.Out != 0 }

// span returns the length of the packet in sequence space: SYN and FIN count as
// one each (RFC 9293 section 3.4).
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

// offsets are the positions of the headers in a frame.
type offsets struct {
	network   int // the IP header
	transport int // the TCP header
	payload   int
	end       int // of the IP packet; beyond the frame if the frame is truncated
	version   int // 4 or 6
}

// dissect finds the TCP segment in an Ethernet frame. ok is false for another
// protocol, a fragment (TCP sets DF and sends none), an IPv6 packet with extension
// headers (two stacks on one machine send none), and a frame shorter than its
// headers. The payload may be truncated.
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
			total = len(ip) // a GSO packet of more than 64 KiB (iph_set_totlen in linux/ip.h)
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

// Parse parses an Ethernet frame with a TCP segment over IPv4 or IPv6; ok is false
// for every other frame. It leaves In, Out and Disposition 0 and does not
// allocate.
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
