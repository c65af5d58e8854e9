package wire

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

func TestOnlyPartialChecksumsAreCompleted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, frame, _ := drawFrame(t) // with the checksum of package layers
		s, _ := dissect(frame)
		at := frame[s.transport+16:]
		want := binary.BigEndian.Uint16(at)
		kind := rapid.SampledFrom([]string{"partial", "whole", "wrong"}).Draw(t, "checksum")
		switch kind {
		case "partial":
			binary.BigEndian.PutUint16(at, fold(pseudoHeader(frame, s)))
		case "wrong":
			want ^= 0x5555
			if want == fold(pseudoHeader(frame, s)) {
				t.Skip("wrong, but as a partial one is")
			}
			binary.BigEndian.PutUint16(at, want)
		}
		if finishChecksum(frame); binary.BigEndian.Uint16(at) != want {
			t.Errorf("a %s checksum became %04x, want %04x", kind, binary.BigEndian.Uint16(at), want)
		}
	})
}

// manyRejections returns a log of rejections with different outcomes and fates, and
// the entries of the fleet and the server.
func manyRejections() (*Log, []Joined) {
	s := newScript()
	s.log.options.Snap = 100
	outcomes := []results.Outcome{results.DeliveredThenReset, results.ResetSend, results.ResetReceive}
	var attempts []Attempt
	var entries []Entry
	for i := range 60 {
		ms, port := float64(i)*7+1, uint16(i+1)
		a, e := s.rejected(ms, port, outcomes[i%3])
		if i%3 == 1 {
			s.drop(ms+230, server(port, ACK, 1, 1001, 170)) // resent, and lost
		}
		attempts, entries = append(attempts, a), append(entries, e)
	}
	return s.log, Join(Connections(s.log), attempts, entries)
}

func TestCaptureHoldsEveryLoggedPacket(t *testing.T) {
	log, joined := manyRejections()
	sample := Sample(joined, 5)
	if len(sample) != 15 {
		t.Fatalf("%d connections of 3 outcomes, want 15", len(sample))
	}
	var file bytes.Buffer
	if err := WritePcapng(&file, log, sample); err != nil {
		t.Fatal(err)
	}
	r, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	packets, comments, last := 0, "", time.Time{}
	for {
		data, info, opts, err := r.ReadPacketDataWithOptions()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packets++
		comments += strings.Join(opts.Comments, "\n") + "\n"
		if info.Timestamp.Before(last) || info.Timestamp.Before(log.Epoch) {
			t.Errorf("packet %d of %v comes after one of %v", packets, info.Timestamp, last)
		}
		last = info.Timestamp
		p, ok := Parse(data, FromClient)
		if !ok || info.CaptureLength != min(info.Length, 100) || info.Length != ethernetHeader+ipv4Header+tcpHeader+int(p.Len) {
			t.Errorf("packet %d: %+v with %d bytes of %d", packets, p, info.CaptureLength, info.Length)
		}
		fromServer := p.ClientPort == testPort
		if side := info.InterfaceIndex == 1; side != fromServer || opts.Flags == nil || opts.Flags.Direction != pcapgo.NgEpbFlagDirectionInbound {
			t.Errorf("packet %d came in by interface %d: %+v", packets, info.InterfaceIndex, opts.Flags)
		}
	}
	want := 0
	for _, j := range sample {
		want += len(j.Conn.refs)
	}
	if packets != want {
		t.Errorf("%d packets, want %d", packets, want)
	}
	for text, n := range map[string]int{
		"delivered-then-reset; reset: unread-data; answer: read":   5,
		"reset-send; reset: unread-data; answer: arrived-not-read": 5,
		"not forwarded: lost": 5,
	} {
		if got := strings.Count(comments, text); got != n {
			t.Errorf("%d comments %q, want %d", got, text, n)
		}
	}
}

// tshark returns how many packets of a capture match a display filter.
func tshark(t *testing.T, file, filter string) int64 {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	cmd := exec.Command("tshark", "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", filter, "-T", "fields", "-e", "frame.number")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	return int64(bytes.Count(out, []byte("\n")))
}

func writeCapture(t *testing.T, log *Log, joined []Joined) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "capture.pcapng")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := WritePcapng(f, log, joined); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTsharkCountsAsTheLedgerDoes(t *testing.T) {
	log, joined := manyRejections()
	file := writeCapture(t, log, joined)
	var resets, answers, again, requests int64
	for _, j := range joined {
		resets += int64(j.Conn.Resets)
		again += int64(j.Conn.Retransmitted)
		if j.Conn.Answer > 0 {
			answers++
		}
		if j.Conn.Request > 0 {
			requests++
		}
	}
	for filter, want := range map[string]int64{
		"tcp.flags.reset == 1 && tcp.srcport == 8080":                       resets,
		"tcp.len > 0 && tcp.srcport == 8080":                                answers + again,
		"tcp.srcport == 8080 && tcp.len > 0 && tcp.analysis.retransmission": again,
		"tcp.dstport == 8080 && tcp.len == 1000":                            requests,
		"frame.comment contains \"not forwarded\"":                          again,
		"frame.interface_name == \"client\" && tcp.srcport == 8080":         0,
		"tcp": int64(log.Len()),
	} {
		if got := tshark(t, file, filter); got != want {
			t.Errorf("%s: %d packets, want %d", filter, got, want)
		}
	}
}
