package cell

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
	"github.com/rejectbench/rejectbench/targets/netpath/wire/ladder"
)

// captureSnap is how many of a frame's first bytes a capture keeps: every
// header, and an answer's first lines.
const captureSnap = 256

// Capture says what packets of a cell to keep. The zero value keeps none.
type Capture struct {
	File        string // pcapng
	Connections int    // of each outcome
}

// Limits are what the path's record keeps for the capture.
func (c Capture) Limits() *wire.Limits {
	l := &wire.Limits{}
	if c.Connections > 0 {
		l.Snap = captureSnap
	}
	return l
}

// joinWire joins the path's record with the two ledgers. Nil ledgers are those
// of programs that keep none.
func joinWire(log *wire.Log, attempts []loadgen.Attempt, entries []targets.LedgerEntry) []wire.Joined {
	conns := wire.Connections(log)
	fleet := make([]wire.Attempt, len(attempts))
	for i := range attempts {
		a := &attempts[i]
		fleet[i] = wire.Attempt{
			Port: a.LocalPort, Connected: a.Connected, Outcome: a.Outcome,
			FirstByte: a.FirstByte, Started: a.Started, End: a.End, Sent: a.Sent, Received: a.Received,
		}
	}
	wire.Align(conns, fleet)
	return wire.Join(conns, fleet, serverEntries(log, entries))
}

// serverEntries is the server's ledger on the clock of the path's record.
func serverEntries(log *wire.Log, entries []targets.LedgerEntry) []wire.Entry {
	epoch := log.Epoch.UnixNano()
	server := make([]wire.Entry, len(entries))
	for i := range entries {
		e := &entries[i]
		server[i] = wire.Entry{
			Port: e.PeerPort, Rejected: e.Decision == targets.Rejected,
			Accepted: e.Accepted - epoch, Closed: e.Closed - epoch, Answer: e.Answer, Tail: e.Tail, Read: e.Read,
		}
	}
	return server
}

// ExecWire is what the path saw of the connections of a client program, which
// keeps no ledger.
type ExecWire struct {
	results.Wire
	// Arrived counts the answers of which every byte reached the client; whether
	// the program read it, it alone can tell.
	Arrived int64
}

// totalExecWire adds up a path's record, with the server's ledger if there is one.
// Without, every connection that got an answer counts as a rejection.
func totalExecWire(log *wire.Log, server *targets.Report) *ExecWire {
	var entries []targets.LedgerEntry
	if server != nil {
		entries = server.Entries
	}
	joined := joinWire(log, nil, entries)
	w := &ExecWire{Wire: wire.Total(log, joined, wire.Ledgers{Server: server != nil})}
	for _, j := range joined {
		fate, _ := j.Fate()
		if c := j.Conn; fate == results.UnknownFate && c != nil && j.Rejection(server != nil) && c.Answer > 0 && c.AnswerArrived == c.Answer {
			w.Arrived++
		}
	}
	return w
}

// write writes the capture of a cell.
func (c Capture) write(log *wire.Log, joined []wire.Joined) error {
	if c.Connections == 0 || log == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(c.File), 0o755); err != nil {
		return fmt.Errorf("make the captures' folder: %w", err)
	}
	f, err := os.Create(c.File)
	if err != nil {
		return fmt.Errorf("write the capture: %w", err)
	}
	if err := errors.Join(wire.WritePcapng(f, log, wire.Sample(joined, c.Connections)), f.Close()); err != nil {
		return fmt.Errorf("write the capture: %w", err)
	}
	return nil
}

// drawTypical draws the first connection of the outcome that most of them had.
// The title begins with what was measured.
func drawTypical(what string, log *wire.Log, joined []wire.Joined) (svg string, err error) {
	var counts results.Counts
	for _, j := range joined {
		if j.Conn != nil && j.Attempt != nil {
			counts[j.Attempt.Outcome]++
		}
	}
	most := results.Admitted
	for o, n := range counts {
		if n > counts[most] {
			most = results.Outcome(o)
		}
	}
	for _, j := range joined {
		if j.Conn == nil || j.Attempt == nil || j.Attempt.Outcome != most {
			continue
		}
		d := ladder.New(log, j.Conn, ladder.Events(j))
		d.Title = fmt.Sprintf("%s: %s, %d of %d attempts", what, most, counts[most], counts.Total())
		var b strings.Builder
		if err := d.SVG(&b); err != nil {
			return "", fmt.Errorf("draw a connection: %w", err)
		}
		return b.String(), nil
	}
	return "", nil
}
