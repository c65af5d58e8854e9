package wire

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rejectbench/rejectbench/results"
)

// Sample returns the first n connections of each outcome. Connections without an
// attempt count as one more outcome.
func Sample(joined []Joined, n int) []Joined {
	kept := map[string]int{}
	var sample []Joined
	for _, j := range joined {
		if j.Conn == nil {
			continue
		}
		if o := j.outcome(); kept[o] < n {
			kept[o]++
			sample = append(sample, j)
		}
	}
	return sample
}

// outcome returns the name of the attempt's outcome, or results.NoOutcome without an
// attempt.
func (j Joined) outcome() string {
	if j.Attempt == nil {
		return results.NoOutcome
	}
	return j.Attempt.Outcome.String()
}

// capturedPacket is one packet of a capture.
type capturedPacket struct {
	at       int64
	ref      Ref
	packet   Packet
	comments []string
}

// WritePcapng writes the packets of connections as a pcapng capture with one
// interface for each side, as seen from the path. Each packet appears once, as
// inbound on the sender's side at the time it entered, whether it was forwarded or
// not. A duplicate made by the path appears as outbound on the receiver's side. The
// first packet of a connection has a comment with the outcome. A packet that was
// not forwarded has a comment with the reason. Packets whose bytes the log did not
// keep are omitted.
func WritePcapng(w io.Writer, l *Log, sample []Joined) error {
	side := func(name, description string) pcapgo.NgInterface {
		return pcapgo.NgInterface{
			Name: name, Description: description, OS: runtime.GOOS,
			LinkType: layers.LinkTypeEthernet, SnapLength: uint32(l.options.Snap),
		}
	}
	ng, err := pcapgo.NewNgWriterInterface(w, side("client", "the client's side of the path"), pcapgo.NgWriterOptions{
		SectionInfo: pcapgo.NgSectionInfo{Application: "rejectbench", OS: runtime.GOOS, Hardware: runtime.GOARCH},
	})
	if err == nil {
		_, err = ng.AddInterface(side("server", "the server's side of the path"))
	}
	if err != nil {
		return fmt.Errorf("begin the capture: %w", err)
	}
	var buf []byte
	for _, x := range capturedPackets(l, sample) {
		kept, length := l.frame(x.ref)
		if length == 0 {
			continue
		}
		buf = append(buf[:0], kept...)
		finishChecksum(buf)
		inbound := pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
		iface := int(x.packet.Direction) // FromClient arrives on the client's side
		if x.packet.Disposition == Duplicate {
			inbound.Direction = pcapgo.NgEpbFlagDirectionOutbound
			iface = 1 - iface
		}
		err := ng.WritePacketWithOptions(gopacket.CaptureInfo{
			Timestamp: l.Epoch.Add(time.Duration(x.at)), CaptureLength: len(buf), Length: length, InterfaceIndex: iface,
		}, buf, pcapgo.NgPacketOptions{Comments: x.comments, Flags: &inbound})
		if err != nil {
			return fmt.Errorf("write the capture: %w", err)
		}
	}
	if err := ng.Flush(); err != nil {
		return fmt.Errorf("write the capture: %w", err)
	}
	return nil
}

// capturedPackets returns the packets of the sample in order of time.
func capturedPackets(l *Log, sample []Joined) []capturedPacket {
	var all []capturedPacket
	for _, j := range sample {
		title := fmt.Sprintf("%s; reset: %v", j.outcome(), j.Conn.Cause)
		if fate, why := j.Fate(); j.Conn.Answer > 0 || why != "" {
			title += fmt.Sprintf("; answer: %v", fate)
		}
		for r, p := range j.Conn.Packets(l) {
			x := capturedPacket{at: p.In, ref: r, packet: p}
			if title != "" {
				x.comments, title = append(x.comments, title), ""
			}
			switch {
			case p.Disposition == Duplicate:
				x.at = p.Out
				x.comments = append(x.comments, "duplicate made by the path")
			case !p.Arrived():
				x.comments = append(x.comments, "not forwarded: "+p.Disposition.String())
			}
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(a, b capturedPacket) int { return cmp.Compare(a.at, b.at) })
	return all
}
