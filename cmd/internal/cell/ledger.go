package cell

import (
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// joinLedgers compares the fleet's ledger with the server's by the client's port;
// the client has one address. A port that was used several times is compared by
// how often each side saw it.
func joinLedgers(attempts []loadgen.Attempt, entries []targets.LedgerEntry) results.Ledger {
	type port struct {
		connected      int64 // attempts that connected
		maybeConnected int64 // attempts that did not, but whose SYN may have arrived
		accepted       int64 // entries of the server
	}
	ports := map[uint16]port{}
	for i := range attempts {
		a := &attempts[i]
		p := ports[a.LocalPort]
		switch {
		case a.Connected != 0:
			p.connected++
		case a.LocalPort != 0 && a.Outcome != results.Refused && a.Outcome != results.LocalError:
			p.maybeConnected++
		default:
			continue
		}
		ports[a.LocalPort] = p
	}
	for i := range entries {
		p := ports[entries[i].PeerPort]
		p.accepted++
		ports[entries[i].PeerPort] = p
	}
	var l results.Ledger
	for _, p := range ports {
		matched := min(p.connected, p.accepted)
		maybe := min(p.maybeConnected, p.accepted-matched)
		l.Matched += matched + maybe
		l.FleetOnly += p.connected - matched
		l.ServerOnly += p.accepted - matched - maybe
	}
	return l
}
