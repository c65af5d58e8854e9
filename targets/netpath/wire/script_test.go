package wire

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// testPort is the server's port in scripts.
const testPort = 8080

// client and server return packets that the two ends send. Sequence numbers begin
// at 0 with the SYN.
func client(port uint16, f Flags, seq, ack, n uint32) Packet {
	return Packet{ClientPort: port, ServerPort: testPort, Flags: f, Seq: seq, Ack: ack, Len: n, Window: 500, Direction: FromClient}
}

func server(port uint16, f Flags, seq, ack, n uint32) Packet {
	p := client(port, f, seq, ack, n)
	p.Direction = FromServer
	return p
}

// script fills a log with packets, given the millisecond at which each is sent,
// over a path with a delay of 10 ms.
type script struct {
	log *Log
	isn [2]uint32 // of the client and of the server
}

const delay = 10 * time.Millisecond

func newScript() *script {
	return &script{log: NewLog(time.Unix(1e9, 0), LogOptions{Snap: 1 << 16})}
}

// send logs a packet that crosses the path, and returns its Ref.
func (s *script) send(ms float64, p Packet) Ref {
	r := s.enter(ms, p)
	s.log.Forward(r, s.log.at(r).In+int64(delay))
	return r
}

// drop logs a packet that is lost on the path, and returns its Ref.
func (s *script) drop(ms float64, p Packet) Ref {
	r := s.enter(ms, p)
	s.log.Drop(r, Lost)
	return r
}

func (s *script) enter(ms float64, p Packet) Ref {
	from, to := s.isn[p.Direction], s.isn[1-p.Direction]
	p.Seq += from
	if p.Flags.Has(ACK) {
		p.Ack += to
	}
	return s.log.Enter(frame4(p), p.Direction, int64(ms*1e6))
}

// shake logs a handshake whose SYN leaves the client at ms.
func (s *script) shake(ms float64, port uint16) {
	s.send(ms, client(port, SYN, 0, 0, 0))
	s.send(ms+10, server(port, SYN|ACK, 0, 1, 0))
	s.send(ms+20, client(port, ACK, 1, 1, 0))
}

// frame4 encodes the packet as an Ethernet frame with IPv4, without checksums.
func frame4(p Packet) []byte {
	const header = ethernetHeader + ipv4Header + tcpHeader
	b := make([]byte, header+int(p.Len))
	binary.BigEndian.PutUint16(b[12:], etherTypeIPv4)
	ip := b[ethernetHeader:]
	ip[0], ip[8], ip[9] = 0x45, 64, protocolTCP
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	copy(ip[12:16], []byte{198, 18, 0, 1})
	copy(ip[16:20], []byte{198, 18, 0, 2})
	src, dst := p.ClientPort, p.ServerPort
	if p.Direction == FromServer {
		src, dst = dst, src
	}
	tcp := ip[ipv4Header:]
	binary.BigEndian.PutUint16(tcp, src)
	binary.BigEndian.PutUint16(tcp[2:], dst)
	binary.BigEndian.PutUint32(tcp[4:], p.Seq)
	binary.BigEndian.PutUint32(tcp[8:], p.Ack)
	tcp[12], tcp[13] = tcpHeader/4<<4, byte(p.Flags)
	binary.BigEndian.PutUint16(tcp[14:], p.Window)
	return b
}

// differ lists the exported fields in which two structs differ.
func differ(got, want any) string {
	var b strings.Builder
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if !g.Type().Field(i).IsExported() {
			continue
		}
		if a, z := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, z) {
			fmt.Fprintf(&b, "%s is %v, want %v; ", g.Type().Field(i).Name, a, z)
		}
	}
	return b.String()
}
