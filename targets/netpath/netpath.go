// Package netpath emulates a network path between a client and a server on one
// machine.
//
// Each end is the kernel's own TCP stack in a separate network namespace.
// Nothing on the path terminates TCP: a proxy would acknowledge data for the
// server and hide the resets that are to be measured. Programs run unchanged in
// the namespace of one end.
//
// The namespaces have no names. The kernel removes them with their last process,
// so a crash leaves nothing behind.
//
// Package impair describes what a path does to packets, package wire records the
// packets that crossed it.
package netpath

import (
	"errors"
	"time"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// Kind is the technique that a path is built with.
type Kind string

// The kinds of path.
const (
	// Auto is the first of Netem, DelayLine and Loopback that this machine allows and
	// that supports the impairments.
	Auto Kind = "auto"
	// Netem is the kernel's netem queueing discipline on a veth pair.
	Netem Kind = "netem"
	// DelayLine is a user-space delay line between two veth pairs.
	DelayLine Kind = "delayline"
	// Loopback is the loopback interface. It supports no impairments.
	Loopback Kind = "loopback"
)

// KindInfo is the row of the vocabulary for one kind of path.
type KindInfo struct {
	Kind    Kind
	Summary string
}

// Kinds is the one table of the kinds of path, in the order in which Auto tries them.
var Kinds = []KindInfo{
	{Auto, "the best of the following that this machine allows"},
	{Netem, "kernel netem on a veth pair between two network namespaces"},
	{DelayLine, "user-space delay line between two veth pairs in network namespaces"},
	{Loopback, "the loopback interface: no delay, no loss"},
}

// Spec describes the path to open. Open needs a Kind other than Auto; all other
// fields may be zero, for a path over IPv4 without impairments.
type Spec struct {
	Kind        Kind
	Impairments impair.Set
	Seed        uint64 // of the random decisions
	// LogOptions makes a delay line log every packet, within these limits. With
	// nil, and for paths of other kinds, nothing is logged.
	LogOptions *wire.LogOptions
	// Congestion is the congestion control of both ends: a name known to the
	// kernel, SystemCongestion, or empty for DefaultCongestion. A loopback path
	// in the system's own namespace uses the system's setting.
	Congestion string
	// InFlight is how many packets may be in transit in one direction at once. A delay
	// line makes its rings as large as that needs: to allocate the largest takes
	// longer than a small cell. 0 makes the largest. A packet for which a ring has no
	// room is in Stats.RingDrops.
	InFlight int
	// IPv6 makes both ends use IPv6 instead of IPv4.
	IPv6 bool
	// Frames makes a delay line carry single frames of at most the MTU also where it only
	// delays. It does so in any case where it drops, queues or reorders.
	Frames bool
}

const (
	// DefaultCongestion is part of every kernel and allowed for every user, so
	// results of different machines can be compared. In the first round trips of
	// an upload it behaves like cubic, which nearly all clients use. The choice
	// matters: BBR lets a sender buffer half as much again (sndbuf_expand in
	// net/ipv4/tcp_bbr.c). A client whose request fits into that buffer has
	// finished sending when the reset arrives.
	DefaultCongestion = "reno"
	// SystemCongestion is the congestion control that the machine uses.
	SystemCongestion = "system"
)

// Errors for paths that cannot be opened.
var (
	// ErrNotAllowed is wrapped when the system denies something the path needs.
	ErrNotAllowed = errors.New("not allowed on this system")
	// ErrLoopbackImpairments is returned for a loopback path with impairments.
	ErrLoopbackImpairments = errors.New("the loopback path can neither delay nor lose packets")
)

// Stats are the counters of a path. Counts are packets.
type Stats struct {
	Kind       Kind
	Frames     bool                // a delay line carried single frames
	Late       results.Percentiles // how late packets were sent, in milliseconds after they were due
	Packets    int64               // entered the path
	Lost       int64               // dropped by Loss
	QueueDrops int64               // dropped because the queue was full
	FaultDrops int64               // dropped by the Fault
	Duplicated int64               // copies made
	Reordered  int64               // overtook others
	RingDrops  int64               // dropped because the path did not keep up
	SendErrors int64               // could not be forwarded
	CPU        time.Duration       // CPU time of the path's thread
	Log        *wire.Log           // what crossed the path; nil without LogOptions
}

// Record returns the statistics in the form in which a cell records them.
func (s Stats) Record() results.Path {
	r := results.Path{
		Kind: string(s.Kind), LateMs: s.Late, Packets: s.Packets, Dropped: s.Lost + s.QueueDrops + s.FaultDrops,
		QueueDrops: s.QueueDrops, FaultDrops: s.FaultDrops, Duplicated: s.Duplicated, Reordered: s.Reordered,
		RingDrops: s.RingDrops, SendErrors: s.SendErrors, Frames: s.Frames,
	}
	if s.Packets > 0 {
		r.CPUUsPacket = float64(s.CPU.Microseconds()) / float64(s.Packets)
	}
	return r
}
