// Package netpath puts a network path with a round-trip time between a client
// and a server on one machine.
//
// The two ends are real kernel TCP stacks in network namespaces of their own;
// nothing on the path terminates TCP, because a proxy would answer for the
// server and hide the resets that are measured. Programs are started in an
// end's namespace and need know nothing of the path.
//
// The namespaces have no names: they are gone when the last process in them
// is, so a crash leaves nothing behind.
package netpath

import (
	"errors"
	"fmt"
	"time"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// Kind is how the path's delay is made.
type Kind string

// The kinds of path.
const (
	// Auto picks the best that this machine allows: Netem, DelayLine, Loopback.
	Auto Kind = "auto"
	// Netem is the kernel's netem queueing discipline on a veth pair.
	Netem Kind = "netem"
	// DelayLine is a user-space delay line between two veth pairs.
	DelayLine Kind = "delayline"
	// Loopback is the loopback interface, without delay or loss.
	Loopback Kind = "loopback"
)

// Kinds is the vocabulary of paths, in the order in which Auto tries them.
var Kinds = []struct {
	Kind    Kind
	Summary string
}{
	{Auto, "the best of the following that this machine allows"},
	{Netem, "kernel netem on a veth pair between two network namespaces"},
	{DelayLine, "user-space delay line between two veth pairs in network namespaces"},
	{Loopback, "the loopback interface: no delay, no loss"},
}

// ParseKind returns the kind of a name.
func ParseKind(name string) (Kind, error) {
	for _, k := range Kinds {
		if string(k.Kind) == name {
			return k.Kind, nil
		}
	}
	return "", fmt.Errorf("unknown path %q", name)
}

// Spec says what path to make. The zero value is a path that does nothing to
// its packets, of a kind picked by the machine.
type Spec struct {
	Kind        Kind
	Impairments impair.Set
	Seed        uint64 // of what is decided by chance
	// Witness has a delay line keep a record of every packet, within these
	// limits; nil keeps none. Without a delay line there is no record.
	LogLimits *wire.Limits
	// Congestion is the congestion control of both ends: a name that the kernel
	// knows, SystemCongestion, or empty for DefaultCongestion. A loopback path
	// in the system's own namespace has the system's.
	Congestion string
	// IPv6 has both ends speak IPv6 in place of IPv4.
	IPv6 bool
}

const (
	// DefaultCongestion is in every kernel and open to every user, so machines
	// can be compared; over an upload's first round trips it does as cubic,
	// which nearly all clients have. The choice matters: BBR lets a sender
	// buffer half as much again (sndbuf_expand in net/ipv4/tcp_bbr.c), and a
	// request that fits into that buffer is no longer being sent when the reset comes.
	DefaultCongestion = "reno"
	// SystemCongestion is whatever the machine uses.
	SystemCongestion = "system"
)

// Errors of a path that cannot be had.
var (
	// ErrNotAllowed is wrapped when the system forbids what the path needs.
	ErrNotAllowed = errors.New("not allowed on this system")
	// ErrNeedsDelay is returned for a loopback path with impairments.
	ErrNeedsDelay = errors.New("the loopback path can neither delay nor lose packets")
)

// Stats is what a path says of itself.
type Stats struct {
	Kind       Kind
	Late       results.Percentiles // release after due, of every packet, in milliseconds
	Packets    int64               // packets that entered the path
	Lost       int64               // dropped by Loss
	QueueDrops int64               // dropped in front of a full queue
	FaultDrops int64               // dropped by the Fault
	Duplicated int64               // copies made
	Reordered  int64               // packets that overtook
	RingDrops  int64               // lost because the path did not keep up
	SendErrors int64               // could not be handed on
	CPU        time.Duration       // CPU time of the path's thread
	Log        *wire.Log           // what crossed the path; nil without a Witness
}

// Record returns the statistics in the form of a cell's record.
func (s Stats) Record() results.Path {
	r := results.Path{
		Kind: string(s.Kind), LateMs: s.Late, Packets: s.Packets, Dropped: s.Lost + s.QueueDrops + s.FaultDrops,
		QueueDrops: s.QueueDrops, FaultDrops: s.FaultDrops, Duplicated: s.Duplicated, Reordered: s.Reordered,
		RingDrops: s.RingDrops, SendErrors: s.SendErrors,
	}
	if s.Packets > 0 {
		r.CPUUsPacket = float64(s.CPU.Microseconds()) / float64(s.Packets)
	}
	return r
}
