package ladder

import (
	"net"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// psh is the PSH flag, which no drawing shows.
const psh wire.Flags = 1 << 3

// client and server return packets that the two ends send. Sequence numbers begin
// at 0 with the SYN.
func client(port uint16, f wire.Flags, seq, ack, n uint32) wire.Packet {
	return wire.Packet{ClientPort: port, ServerPort: 8080, Flags: f, Seq: seq, Ack: ack, Len: n, Window: 500, Direction: wire.FromClient}
}

func server(port uint16, f wire.Flags, seq, ack, n uint32) wire.Packet {
	p := client(port, f, seq, ack, n)
	p.Direction = wire.FromServer
	return p
}

// script fills a log with packets, given the millisecond at which each is sent,
// over a path with a delay of 10 ms.
type script struct{ log *wire.Log }

const delay = 10 * time.Millisecond

func newScript() *script { return &script{wire.NewLog(time.Unix(1e9, 0), wire.LogOptions{})} }

// send logs a packet that crosses the path.
func (s *script) send(ms float64, p wire.Packet) {
	r := s.enter(ms, p)
	s.log.Forward(r, s.log.Packet(r).In+int64(delay))
}

// drop logs a packet that is lost on the path.
func (s *script) drop(ms float64, p wire.Packet) { s.log.Drop(s.enter(ms, p), wire.Lost) }

func (s *script) enter(ms float64, p wire.Packet) wire.Ref {
	return s.log.Enter(frame(p), p.Direction, int64(ms*1e6))
}

// shake logs a handshake whose SYN leaves the client at ms.
func (s *script) shake(ms float64, port uint16) {
	s.send(ms, client(port, wire.SYN, 0, 0, 0))
	s.send(ms+10, server(port, wire.SYN|wire.ACK, 0, 1, 0))
	s.send(ms+20, client(port, wire.ACK, 1, 1, 0))
}

// frame encodes the packet as an Ethernet frame.
func frame(p wire.Packet) []byte {
	src, dst := p.ClientPort, p.ServerPort
	if p.Direction == wire.FromServer {
		src, dst = dst, src
	}
	mac := make(net.HardwareAddr, 6)
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true},
		&layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: layers.EthernetTypeIPv4},
		&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IPv4(198, 18, 0, 1), DstIP: net.IPv4(198, 18, 0, 2)},
		&layers.TCP{
			SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: p.Seq, Ack: p.Ack, Window: p.Window,
			FIN: p.Flags.Has(wire.FIN), SYN: p.Flags.Has(wire.SYN), RST: p.Flags.Has(wire.RST), PSH: p.Flags.Has(psh), ACK: p.Flags.Has(wire.ACK),
		},
		gopacket.Payload(make([]byte, p.Len)))
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}
