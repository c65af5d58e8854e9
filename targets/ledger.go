package targets

import (
	"net"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// Decision says whether the server admitted a connection.
type Decision uint8

// The closed set of decisions.
const (
	undecided Decision = iota // the connection ended before the request that is decided (nethttp, and Config.Nth above 1)
	Rejected
	admitted
	numDecisions = iota
)

var decisionNames = [numDecisions]string{undecided: "undecided", Rejected: "rejected", admitted: "admitted"}

// String returns the decision's name.
func (d Decision) String() string { return decisionNames[d] }

// endReason is why the server closed a connection.
type endReason uint8

// The closed set of reasons. endReasons documents each of them.
const (
	endClosed endReason = iota
	endEOF
	endPeerReset
	endIdleLimit
	endTimeLimit
	endByteLimit
	endHeaderTimeout
	endHeaderLimit
	endBodyTimeout
	endBadRequest
	endHandshakeFailed
	endCut
	endError
	numEndReasons = iota
)

// endReasons is the one table of the reasons' names in records (results.Server.Ends).
var endReasons = [numEndReasons]results.Term{
	endClosed:          {Name: "closed", Summary: "the strategy has done everything it does"},
	endEOF:             {Name: "eof", Summary: "the peer closed its side"},
	endPeerReset:       {Name: "peer-reset", Summary: "the peer reset the connection"},
	endIdleLimit:       {Name: "idle-limit", Summary: "no data arrived within the idle time"},
	endTimeLimit:       {Name: "time-limit", Summary: "the time limit expired"},
	endByteLimit:       {Name: "byte-limit", Summary: "more data arrived than the strategy reads"},
	endHeaderTimeout:   {Name: "header-timeout", Summary: "the request's header did not arrive in time"},
	endHeaderLimit:     {Name: "header-limit", Summary: "the request's header is too long"},
	endBodyTimeout:     {Name: "body-timeout", Summary: "the request's body did not arrive in time"},
	endBadRequest:      {Name: "bad-request", Summary: "the request is not HTTP/1"},
	endHandshakeFailed: {Name: "handshake-failed", Summary: "the TLS handshake failed or did not finish in time"},
	endCut:             {Name: "cut", Summary: "the server shut down"},
	endError:           {Name: "error", Summary: "a system call or TLS failed in another way"},
}

// String returns the reason's name in records.
func (e endReason) String() string { return endReasons[e].Name }

// LedgerEntry is one accepted connection. It has no pointers, so that the garbage
// collector need not scan a ledger of a million entries.
type LedgerEntry struct {
	PeerIP   [16]byte // IPv4 addresses in their IPv4-mapped form
	PeerPort uint16
	Decision Decision
	End      endReason
	Accepted int64 // nanoseconds since 1970 when accept returned
	Closed   int64 // nanoseconds since 1970 when close returned
	// All bytes are counted at the socket. They include the TLS handshake and the
	// overhead of TLS, and the requests before the n-th and their answers.
	Answer int64 // bytes that the kernel accepted from the server
	Tail   int64 // bytes of Answer after the last byte of plaintext: a close_notify or another TLS alert
	Read   int64 // bytes that the server read
	Unread int64 // bytes in the receive buffer when close was called; -1 if the system does not report them
}

// Report is the server's ledger and its totals, complete after Shutdown. It can be
// encoded with encoding/gob.
type Report struct {
	Entries []LedgerEntry // in order of closing
	// Server holds the totals. CPUUsPerRejection is the CPU time of the whole
	// process from Serve to the end of Shutdown, including that of admitted requests,
	// per rejection. HoldMs is from accept, or from the n-th request if n > 1, to the
	// close. BytesDrained is the sum of Read over all rejections.
	Server       results.Server
	AcceptErrors int64 // calls of accept that failed, such as for lack of descriptors or memory
}

// peer is a client's address without pointers.
type peer struct {
	ip   [16]byte
	port uint16
}

func peerOf(a net.Addr) peer {
	ap := a.(*net.TCPAddr).AddrPort()
	return peer{ap.Addr().As16(), ap.Port()}
}

// ledgerChunk is the number of entries of a chunk. A ledger of chunks grows
// without copying its entries while connections wait for it.
const ledgerChunk = 4096

// ledger holds the open connections and the entries of the closed ones.
type ledger struct {
	mu     sync.Mutex
	open   map[*conn]struct{}
	peak   int
	chunks [][]LedgerEntry
	hold   *hdrhistogram.Histogram // of rejections
	ends   [numEndReasons]int64    // of rejections
	totals results.Server
	gone   sync.WaitGroup // one for each connection without an entry

	acceptErrors int64
}

func newLedger() *ledger {
	return &ledger{open: make(map[*conn]struct{}), hold: results.NewHistogram()}
}

// begin adds a connection that was accepted now.
func (l *ledger) begin(t *net.TCPConn) *conn {
	c := &conn{TCPConn: t, accepted: time.Now(), peer: peerOf(t.RemoteAddr())}
	l.gone.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	l.peak = max(l.peak, len(l.open))
	return c
}

// end closes the connection if it is open, and adds its entry.
func (l *ledger) end(c *conn, end endReason) {
	c.Close()
	e := c.entry(end)
	defer l.gone.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	if n := len(l.chunks); n == 0 || len(l.chunks[n-1]) == ledgerChunk {
		l.chunks = append(l.chunks, make([]LedgerEntry, 0, ledgerChunk))
	}
	last := &l.chunks[len(l.chunks)-1]
	*last = append(*last, e)
	l.totals.Accepted++
	switch e.Decision {
	case admitted:
		l.totals.Admitted++
	case Rejected:
		l.totals.Rejected++
		l.totals.BytesDrained += e.Read
		if e.Unread > 0 {
			l.totals.UnreadAtClose++
		}
		l.ends[e.End]++
		results.Record(l.hold, e.Closed-e.Accepted-int64(c.earlier))
	}
}

// cutOpen closes every open connection while its strategy still uses it.
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

func (l *ledger) acceptFailed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acceptErrors++
}

// report returns the ledger and its totals; cpu is the CPU time of the process.
func (l *ledger) report(cpu time.Duration) Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Report{
		Entries:      slices.Concat(l.chunks...),
		Server:       l.totals,
		AcceptErrors: l.acceptErrors,
	}
	r.Server.PeakOpen = l.peak
	r.Server.HoldMs = results.Summarise(l.hold)
	r.Server.Ends = make(map[string]int64)
	for end, n := range l.ends {
		if n > 0 {
			r.Server.Ends[endReasons[end].Name] = n
		}
	}
	if n := r.Server.Rejected; n > 0 {
		r.Server.CPUUsPerRejection = float64(cpu.Nanoseconds()) / 1e3 / float64(n)
	}
	return r
}
