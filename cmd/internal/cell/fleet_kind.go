package cell

import (
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// fleetKind is how a cell runs its clients, and joins their ledger with the others.
type fleetKind struct {
	role     string
	spec     func(Spec) any // the specification of the role
	join     func([]loadgen.Attempt, []targets.LedgerEntry) results.Ledger
	joinWire func(*wire.Log, []loadgen.Attempt, []targets.LedgerEntry) []wire.Joined
	// keeps reports whether the ledger of the clients has every connection, so that
	// one on the wire alone is a disagreement.
	keeps func([]loadgen.Attempt) bool
	// complete adds to the wire's figures what follows from the clients' counts.
	complete func(w *results.Wire, r loadgen.Report, tls bool) error
}

var (
	builtinFleet = fleetKind{
		role:     "fleet",
		spec:     func(s Spec) any { return s.Fleet },
		join:     joinLedgers,
		joinWire: joinWire,
		keeps:    func([]loadgen.Attempt) bool { return true },
		complete: func(*results.Wire, loadgen.Report, bool) error { return nil },
	}
	libraryFleet = fleetKind{
		role:     "driver",
		spec:     func(s Spec) any { return newDriverSpec(s) },
		join:     joinDriverLedgers,
		joinWire: joinDriverWire,
		keeps:    portsKnown,
		complete: completeFates,
	}
)

func (s Spec) fleetKind() fleetKind {
	if s.Driver {
		return libraryFleet
	}
	return builtinFleet
}
