package targets

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// Decision is what the server decided about a connection.
type Decision uint8

// The closed set of decisions.
const (
	Undecided Decision = iota // ended before there was a request to decide about (nethttp, and Config.Nth above 1)
	Rejected
	Admitted
)

var decisionNames = [...]string{Undecided: "undecided", Rejected: "rejected", Admitted: "admitted"}

// String returns the decision's name.
func (d Decision) String() string { return decisionNames[d] }

// End is how the server's side of a connection came to its close.
type End uint8

// The closed set of ends. Ends documents each of them.
const (
	EndClosed End = iota
	EndEOF
	EndPeerReset
	EndIdleLimit
	EndTimeLimit
	EndByteLimit
	EndHeaderTimeout
	EndHeaderLimit
	EndBodyTimeout
	EndBadRequest
	EndHandshakeFailed
	EndCut
	EndError
	NumEnds = iota
)

// EndInfo is the row of the vocabulary for one end.
type EndInfo struct {
	End     End
	Name    string // the name in records
	Summary string
}

// Ends is the one table that the names of ends come from.
var Ends = [NumEnds]EndInfo{
	{EndClosed, "closed", "the strategy had done all it does"},
	{EndEOF, "eof", "the peer closed its side"},
	{EndPeerReset, "peer-reset", "the peer reset the connection"},
	{EndIdleLimit, "idle-limit", "nothing came for the idle time"},
	{EndTimeLimit, "time-limit", "the time was over"},
	{EndByteLimit, "byte-limit", "more came than is read"},
	{EndHeaderTimeout, "header-timeout", "the request's header was not there in time"},
	{EndHeaderLimit, "header-limit", "the request's header is too long"},
	{EndBodyTimeout, "body-timeout", "the request's body was not there in time"},
	{EndBadRequest, "bad-request", "the request is not HTTP/1"},
	{EndHandshakeFailed, "handshake-failed", "the TLS handshake failed, or was not done in time"},
	{EndCut, "cut", "the server was shut down"},
	{EndError, "error", "a system call, or TLS, failed in another way"},
}

// String returns the end's name in records.
func (e End) String() string { return Ends[e].Name }

// Entry is one accepted connection. It holds no pointer, so that a ledger of a
// million costs the garbage collector nothing.
type Entry struct {
	PeerIP   [16]byte // IPv4 addresses in their IPv4-mapped form; see Peer
	PeerPort uint16
	Decision Decision
	End      End
	Accepted int64 // nanoseconds since 1970 when accept returned
	Closed   int64 // nanoseconds since 1970 when close returned
	// All bytes are those of the socket: they include a TLS handshake and what TLS
	// adds to a text, and the requests before the n-th with their answers.
	Answer int64 // bytes the kernel took from the server
	Tail   int64 // of these, those after the last byte of text: a close_notify, or another TLS alert
	Read   int64 // bytes the server took from the kernel
	Unread int64 // bytes in the receive buffer when close was called; -1 where the system does not tell
}

// Peer is the client's address, never in IPv4-mapped form.
func (e Entry) Peer() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.PeerIP).Unmap(), e.PeerPort)
}

// Report is the server's own account, complete after Shutdown. It can be sent
// with encoding/gob.
type Report struct {
	Entries []Entry // in order of closing
	// Server holds the totals. CPUUsPerRejection is the CPU time of the whole
	// process from Serve to the end of Shutdown, admitted requests included. HoldMs
	// counts from accept, or from the n-th request for n > 1; BytesDrained is the sum
	// of Read, with all that is in it.
	Server results.Server
	// AcceptErrors counts calls of accept that failed, for want of descriptors
	// or memory; LastAcceptError is the last of them.
	AcceptErrors    int64
	LastAcceptError string
}

// peer is an address without a pointer.
type peer struct {
	ip   [16]byte
	port uint16
}

func peerOf(a net.Addr) peer {
	ap := a.(*net.TCPAddr).AddrPort()
	return peer{ap.Addr().As16(), ap.Port()}
}

// ledgerChunk entries are kept in one piece, so that a ledger grows without
// ever being copied while connections wait for it.
const ledgerChunk = 4096

// ledger holds the open connections and the entries of the closed ones.
type ledger struct {
	mu     sync.Mutex
	open   map[*conn]struct{}
	peak   int
	chunks [][]Entry
	hold   *hdrhistogram.Histogram // of rejections
	ends   [NumEnds]int64          // of rejections
	totals results.Server
	gone   sync.WaitGroup // done once every begun connection has its entry

	acceptErrors    int64
	lastAcceptError string
}

func newLedger() *ledger {
	return &ledger{open: make(map[*conn]struct{}), hold: results.NewHistogram()}
}

// begin takes a connection as accepted now.
func (l *ledger) begin(t *net.TCPConn) *conn {
	c := &conn{TCPConn: t, accepted: time.Now(), peer: peerOf(t.RemoteAddr())}
	l.gone.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	l.peak = max(l.peak, len(l.open))
	return c
}

// end closes the connection, if that is not done, and writes its entry.
func (l *ledger) end(c *conn, end End) {
	c.Close()
	e := c.entry(end)
	defer l.gone.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	if n := len(l.chunks); n == 0 || len(l.chunks[n-1]) == ledgerChunk {
		l.chunks = append(l.chunks, make([]Entry, 0, ledgerChunk))
	}
	last := &l.chunks[len(l.chunks)-1]
	*last = append(*last, e)
	l.totals.Accepted++
	switch e.Decision {
	case Admitted:
		l.totals.Admitted++
	case Rejected:
		l.totals.Rejected++
		l.totals.BytesDrained += e.Read
		if e.Unread > 0 {
			l.totals.UnreadAtClose++
		}
		l.ends[e.End]++
		results.Record(l.hold, e.Closed-e.Accepted-int64(c.age))
	}
}

// cutOpen closes every open connection under its owner.
func (l *ledger) cutOpen() {
	l.mu.Lock()
	open := make([]*conn, 0, len(l.open))
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		c.cut.Store(true)
		c.Close()
	}
}

func (l *ledger) acceptFailed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acceptErrors++
	l.lastAcceptError = err.Error()
}

// report adds up the ledger; cpu is the process's CPU time over it.
func (l *ledger) report(cpu time.Duration) Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Report{
		Entries:         slices.Concat(l.chunks...),
		Server:          l.totals,
		AcceptErrors:    l.acceptErrors,
		LastAcceptError: l.lastAcceptError,
	}
	r.Server.PeakOpen = l.peak
	r.Server.HoldMs = results.Summarise(l.hold)
	r.Server.Ends = make(map[string]int64)
	for end, n := range l.ends {
		if n > 0 {
			r.Server.Ends[Ends[end].Name] = n
		}
	}
	if n := r.Server.Rejected; n > 0 {
		r.Server.CPUUsPerRejection = float64(cpu.Nanoseconds()) / 1e3 / float64(n)
	}
	return r
}
