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
	"os/exec"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Roles returns the processes of a calibration, for process.Run.
func Roles() map[string]process.Role {
	return map[string]process.Role{"loss": lossRole, "datagrams": datagramsRole}
}

// lossRole opens a path, has both ends send each other datagrams, and reports how
// many were sent, arrived and were dropped.
func lossRole(_ context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec lossSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	go func() {
		var message struct{}
		_ = in.Decode(&message)
		os.Exit(1) // the parent is gone, or has the report
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
		report.Dropped, report.Failed = stats.Lost, stats.RingDrops+stats.SendErrors
	}()
	client, err := startEnd(path.StartClient, datagramSpec{path.ClientAddr(), path.ServerAddr(), spec.Packets})
	if err != nil {
		return report, err
	}
	defer client.Kill()
	server, err := startEnd(path.StartServer, datagramSpec{path.ServerAddr(), path.ClientAddr(), spec.Packets})
	if err != nil {
		return report, err
	}
	defer server.Kill()
	report.Ways, err = exchange([2]*process.Child{client, server}, spec.Packets)
	return report, err
}

// startEnd starts the process at one end and waits until it is ready.
func startEnd(start func(*exec.Cmd) error, spec datagramSpec) (*process.Child, error) {
	p, err := process.New("datagrams")
	if err != nil {
		return nil, err
	}
	if err := p.Start(start, spec); err != nil {
		return nil, fmt.Errorf("start an end: %w", err)
	}
	var ready struct{ Ready bool }
	if err := p.Receive(&ready); err != nil {
		err = endDied(p, err)
		p.Kill()
		return nil, err
	}
	return p, nil
}

func endDied(p *process.Child, err error) error {
	return fmt.Errorf("an end died: %w", p.Cause(err))
}

// exchange has the two ends, client first, send each other datagrams.
func exchange(ends [2]*process.Child, packets int) (ways [2]datagrams, err error) {
	for _, p := range ends {
		if err := p.Send(struct{}{}); err != nil {
			return ways, endDied(p, err)
		}
	}
	for i, p := range ends {
		// What arrives at one end was sent by the other.
		if err := p.Receive(&ways[1-i].Arrived); err != nil {
			return ways, endDied(p, err)
		}
	}
	for i, p := range ends {
		ways[i].Sent = int64(packets)
		err := p.Send(struct{}{})
		if err == nil {
			err = p.Receive(&ways[i].Marks)
		}
		if err != nil {
			return ways, endDied(p, err)
		}
	}
	return ways, nil
}

// datagramSpec is the specification of the process at an end.
type datagramSpec struct {
	Local, Remote netip.Addr
	Packets       int
}

const (
	// dataPort and markPort are fixed: each end has its own network namespace.
	dataPort = 9001
	markPort = 9002
	// markEvery is how often a mark is sent until one arrives.
	markEvery = 10 * time.Millisecond
	// datagramsPerMilli leaves the path idle half of the time.
	datagramsPerMilli = 20
)

// datagramsRole is one end. It talks to its parent in five messages:
//
//  1. ready: the sockets are open (out);
//  2. start: both ends are ready (in);
//  3. arrived: how many datagrams arrived (out);
//  4. stop: both ends have reported (in);
//  5. marks: how many marks were sent (out).
func datagramsRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec datagramSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	listen := func(port uint16) (*net.UDPConn, error) {
		return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(spec.Local, port)))
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
			data.Close() // ends countDatagrams, whose count is of no use now
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

// sendDatagrams sends the datagrams, and then marks until ctx ends. It returns the
// number of marks.
func sendDatagrams(ctx context.Context, data, marks *net.UDPConn, spec datagramSpec) (n int64, err error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for sent := 0; sent < spec.Packets; {
		<-tick.C
		for range min(datagramsPerMilli, spec.Packets-sent) {
			if _, err := data.WriteToUDPAddrPort([]byte("datagram"), netip.AddrPortFrom(spec.Remote, dataPort)); err != nil {
				return 0, fmt.Errorf("send: %w", err)
			}
			sent++
		}
	}
	tick.Reset(markEvery)
	for {
		if _, err := marks.WriteToUDPAddrPort([]byte("mark"), netip.AddrPortFrom(spec.Remote, markPort)); err != nil {
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

// countDatagrams counts what arrives until a mark has arrived. The path keeps
// packets in order, so everything before the mark has reached the socket by then.
// What found the socket's buffer full is in the kernel's counter.
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
	overflowed, err := receiveBufferErrors()
	return n + overflowed, err
}

// receiveBufferErrors reads UdpRcvbufErrors of this process's network namespace.
func receiveBufferErrors() (int64, error) {
	self, err := procfs.Self()
	if err != nil {
		return 0, fmt.Errorf("read the kernel's counters: %w", err)
	}
	snmp, err := self.Snmp()
	if err != nil {
		return 0, fmt.Errorf("read the kernel's counters: %w", err)
	}
	if n := snmp.Udp.RcvbufErrors; n != nil {
		return int64(*n), nil
	}
	return 0, nil
}
