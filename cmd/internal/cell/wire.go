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

// snapLength is how many of a frame's first bytes a capture keeps: all headers and
// the first lines of an answer.
const snapLength = 256

// Capture says which packets of a cell are kept. The zero value keeps none.
type Capture struct {
	File        string // pcapng
	Connections int    // of each outcome
}

// LogOptions returns what the path has to record for the capture.
func (c Capture) LogOptions() *wire.LogOptions {
	l := &wire.LogOptions{}
	if c.Connections > 0 {
		l.Snap = snapLength
	}
	return l
}

// write writes the capture file, if there is one.
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

// joinWire joins the path's record with the ledgers of fleet and server. A nil
// ledger is that of a program, which keeps none.
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

// serverEntries returns the server's ledger with times on the clock of the path's
// record.
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

// drawTypical draws the first connection with the most frequent outcome, as SVG.
// The drawing's title begins with what. It returns nothing if no attempt has a
// connection.
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
		d.MarkAnswer(j)
		d.Title = fmt.Sprintf("%s: %s, %d of %d attempts", what, most, counts[most], counts.Total())
		var b strings.Builder
		if err := d.SVG(&b); err != nil {
			return "", fmt.Errorf("draw a connection: %w", err)
		}
		return b.String(), nil
	}
	return "", nil
}

// ExecWire is what the path saw of the connections of a user's client program,
// which keeps no ledger.
type ExecWire struct {
	results.Wire
	// Arrived counts the answers whose every byte reached the client. Only the
	// program knows whether it read them.
	Arrived int64
}

// totalExecWire adds up a path's record, with the server's ledger if there is one.
// Without one, every connection with an answer counts as a rejection.
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
