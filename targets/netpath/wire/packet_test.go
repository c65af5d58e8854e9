package wire

import (
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"pgregory.net/rapid"
)

// drawFrame draws a TCP segment. It also returns its frame as encoded by package
// layers, padded to the minimum length of Ethernet, and the length of the headers.
func drawFrame(t *rapid.T) (tcp *layers.TCP, payload, frame []byte, headers int) {
	tcp = &layers.TCP{
		SrcPort: layers.TCPPort(rapid.Uint16().Draw(t, "src")),
		DstPort: layers.TCPPort(rapid.Uint16().Draw(t, "dst")),
		Seq:     rapid.Uint32().Draw(t, "seq"), Ack: rapid.Uint32().Draw(t, "ack"),
		FIN: rapid.Bool().Draw(t, "fin"), SYN: rapid.Bool().Draw(t, "syn"), RST: rapid.Bool().Draw(t, "rst"),
		PSH: rapid.Bool().Draw(t, "psh"), ACK: rapid.Bool().Draw(t, "ack flag"), URG: rapid.Bool().Draw(t, "urg"),
		Window: rapid.Uint16().Draw(t, "window"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "options") {
		tcp.Options = append(tcp.Options, layers.TCPOption{OptionType: 8, OptionLength: 10, OptionData: make([]byte, 8)})
	}
	payload = make([]byte, rapid.SampledFrom([]int{0, 1, 170, 1448, 9000, 65000}).Draw(t, "payload"))
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}}
	var ip gopacket.SerializableLayer
	if rapid.Bool().Draw(t, "ipv6") {
		eth.EthernetType = layers.EthernetTypeIPv6
		v6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
		_ = tcp.SetNetworkLayerForChecksum(v6)
		ip = v6
	} else {
		eth.EthernetType = layers.EthernetTypeIPv4
		v4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IP{198, 18, 0, 1}, DstIP: net.IP{198, 18, 0, 2}}
		for range rapid.IntRange(0, 2).Draw(t, "ip options") {
			v4.Options = append(v4.Options, layers.IPv4Option{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}})
		}
		_ = tcp.SetNetworkLayerForChecksum(v4)
		ip = v4
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, tcp, gopacket.Payload(payload))
	if err != nil {
		t.Fatal(err)
	}
	headers = ethernetHeader + ipv6Header + int(tcp.DataOffset)*4
	if v4, ok := ip.(*layers.IPv4); ok {
		headers = ethernetHeader + int(v4.IHL)*4 + int(tcp.DataOffset)*4
	}
	return tcp, payload, buf.Bytes(), headers
}

func TestParseAgreesWithGopacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tcp, payload, frame, headers := drawFrame(t)
		var flags Flags
		for f, set := range map[Flags]bool{FIN: tcp.FIN, SYN: tcp.SYN, RST: tcp.RST, psh: tcp.PSH, ACK: tcp.ACK, 1 << 5: tcp.URG} {
			if set {
				flags |= f
			}
		}
		want := Packet{
			Seq: tcp.Seq, Ack: tcp.Ack, Len: uint32(len(payload)), Window: tcp.Window, Flags: flags,
			ClientPort: uint16(tcp.SrcPort), ServerPort: uint16(tcp.DstPort),
		}
		if got, ok := Parse(frame, FromClient); !ok || got != want {
			t.Fatalf("Parse: %+v, %v; want %+v", got, ok, want)
		}
		want.ClientPort, want.ServerPort, want.Direction = want.ServerPort, want.ClientPort, FromServer
		if got, ok := Parse(frame, FromServer); !ok || got != want {
			t.Fatalf("Parse from the server: %+v, %v; want %+v", got, ok, want)
		}
		// The payload may be truncated, the headers may not.
		cut := rapid.IntRange(0, len(frame)).Draw(t, "cut")
		got, ok := Parse(frame[:cut], FromServer)
		if whole := cut >= headers; ok != whole || ok && got != want {
			t.Fatalf("Parse of %d bytes of %d with %d of payload: %+v, %v", cut, len(frame), len(payload), got, ok)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	f.Add(frame4(client(7, SYN, 1, 0, 0)))
	f.Add(frame4(client(7, ACK, 1, 2, 1448))[:60])
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, d := range []Direction{FromClient, FromServer} {
			if p, ok := Parse(b, d); ok && (p.Direction != d || p.In != 0 || p.Out != 0 || p.Disposition != inTransit || p.Len > 1<<16) {
				t.Fatalf("Parse: %+v", p)
			}
		}
	})
}

func TestParseDoesNotAllocate(t *testing.T) {
	frame := frame4(client(7, ACK, 1, 2, 1448))
	if n := testing.AllocsPerRun(100, func() { Parse(frame, FromClient) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
