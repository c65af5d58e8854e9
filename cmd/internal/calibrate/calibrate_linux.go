package calibrate

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Roles are the processes of a calibration. Linux alone has paths that
// lose packets.
func Roles() map[string]process.Role {
	return map[string]process.Role{"loss": lossRole, "datagrams": datagramsRole}
}

// lossRole makes a path, has both ends send each other datagrams, and hands back
// how many were sent, arrived and were dropped.
func lossRole(_ context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec lossSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	go func() {
		var message struct{}
		_ = in.Decode(&message)
		os.Exit(1) // nobody waits for the report, or it has been read
	}()
	report, err := runLoss(spec)
	if err != nil {
		report.Error = err.Error()
	}
	return out.Encode(report)
}

func runLoss(spec lossSpec) (report lossReport, err error) {
	path, err := netpath.Open(spec.Path, spec.Isolated)
	if err != nil {
		return report, err
	}
	defer func() {
		stats, e := path.Close()
		err = errors.Join(err, e)
		report.Dropped, report.Own = stats.Lost, stats.RingDrops+stats.SendErrors
	}()
	client, server := path.ClientAddr(), path.ServerAddr()
	var ends [2]*process.Child
	for i, own := range []struct {
		start     func(*process.Child, any) error
		addr, far netip.Addr
	}{
		{func(p *process.Child, spec any) error { return p.Start(path.StartClient, spec) }, client, server},
		{func(p *process.Child, spec any) error { return p.Start(path.StartServer, spec) }, server, client},
	} {
		p, err := process.New("datagrams")
		if err != nil {
			return report, err
		}
		if err := own.start(p, datagramSpec{own.addr, own.far, spec.Packets}); err != nil {
			return report, fmt.Errorf("start an end: %w", err)
		}
		defer p.Kill()
		ends[i] = p
		var ready struct{ Ready bool }
		if err := p.Receive(&ready); err != nil {
			return report, fmt.Errorf("an end died: %w", p.Cause(err))
		}
	}
	for _, p := range ends {
		if err := p.Send(struct{}{}); err != nil {
			return report, fmt.Errorf("an end died: %w", p.Cause(err))
		}
	}
	for i, p := range ends {
		// What arrives at one end was sent by the other.
		if err := p.Receive(&report.Ways[1-i].Arrived); err != nil {
			return report, fmt.Errorf("an end died: %w", p.Cause(err))
		}
	}
	for i, p := range ends {
		report.Ways[i].Sent = int64(spec.Packets)
		err := p.Send(struct{}{})
		if err == nil {
			err = p.Receive(&report.Ways[i].Marks)
		}
		if err != nil {
			return report, fmt.Errorf("an end died: %w", p.Cause(err))
		}
	}
	return report, nil
}

// datagramSpec is what the process at an end is told.
type datagramSpec struct {
	Own, Far netip.Addr
	Packets  int
}

// Ports of the two sockets of an end, whose namespace is its own.
const (
	dataPort = 9001
	markPort = 9002
	// markEvery is how often a mark is sent until one arrives.
	markEvery = 10 * time.Millisecond
)

// datagramsRole says that it is ready, is told to start, sends, says how many
// datagrams arrived, is told to end, and says how many marks it sent.
func datagramsRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec datagramSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	listen := func(port uint16) (*net.UDPConn, error) {
		return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(spec.Own, port)))
	}
	data, err := listen(dataPort)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer data.Close()
	marks, err := listen(markPort)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer marks.Close()
	if err := out.Encode(struct{ Ready bool }{true}); err != nil {
		return err
	}
	var start struct{}
	if err := in.Decode(&start); err != nil {
		return nil // the parent is gone
	}
	ctx, cancel := context.WithCancel(ctx)
	go process.CancelAtNextMessage(in, cancel)
	sent := make(chan int64, 1)
	failed := make(chan error, 1)
	go func() {
		n, err := sendDatagrams(ctx, data, marks, spec)
		failed <- err
		sent <- n
		if err != nil {
			data.Close() // nobody is going to be told what arrived
		}
	}()
	arrived, err := countDatagrams(data, marks)
	if err != nil {
		select {
		case cause := <-failed:
			return errors.Join(cause, err)
		default:
			return err
		}
	}
	if err := out.Encode(arrived); err != nil {
		return err
	}
	if err := out.Encode(<-sent); err != nil {
		return err
	}
	return <-failed
}

// sendDatagrams sends the datagrams at a rate that leaves the path idle half of
// the time, and then marks until ctx ends. It returns the number of marks.
func sendDatagrams(ctx context.Context, data, marks *net.UDPConn, spec datagramSpec) (n int64, err error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for sent := 0; sent < spec.Packets; {
		<-tick.C
		for range min(datagramsAMilli, spec.Packets-sent) {
			if _, err := data.WriteToUDPAddrPort([]byte("datagram"), netip.AddrPortFrom(spec.Far, dataPort)); err != nil {
				return 0, fmt.Errorf("send: %w", err)
			}
			sent++
		}
	}
	tick.Reset(markEvery)
	for {
		if _, err := marks.WriteToUDPAddrPort([]byte("mark"), netip.AddrPortFrom(spec.Far, markPort)); err != nil {
			return n, fmt.Errorf("send: %w", err)
		}
		n++
		select {
		case <-tick.C:
		case <-ctx.Done():
			return n, nil
		}
	}
}

// countDatagrams counts what arrives until a mark has. The path keeps packets in
// order, so by then everything before the mark is in the socket, or was and
// found it full: the kernel counts those.
func countDatagrams(data, marks *net.UDPConn) (n int64, err error) {
	raw, err := data.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("receive: %w", err)
	}
	b := make([]byte, 64)
	drain := func(fd uintptr) bool {
		for {
			_, _, err := unix.Recvfrom(int(fd), b, unix.MSG_DONTWAIT)
			switch err {
			case nil:
				n++
			case unix.EINTR:
			default:
				return false
			}
		}
	}
	go func() {
		_, _ = marks.Read(make([]byte, 64))
		_ = data.SetReadDeadline(time.Unix(1, 0)) // ends the read below
	}()
	if err := raw.Read(drain); !errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, fmt.Errorf("receive: %w", err)
	}
	if err := raw.Control(func(fd uintptr) { drain(fd) }); err != nil {
		return 0, fmt.Errorf("receive: %w", err)
	}
	self, err := procfs.Self()
	if err != nil {
		return 0, fmt.Errorf("read the kernel's counters: %w", err)
	}
	snmp, err := self.Snmp()
	if err != nil {
		return 0, fmt.Errorf("read the kernel's counters: %w", err)
	}
	if full := snmp.Udp.RcvbufErrors; full != nil {
		n += int64(*full)
	}
	return n, nil
}
