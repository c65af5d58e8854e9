// Package cell measures one cell: a server, a fleet of clients and the path
// between them. Each is a process, so that the CPU time, memory and garbage
// collection of one are not counted as another's.
//
// Group.Run measures a cell in six steps:
//
//  1. It starts the cell's process, in its own network namespace where the path
//     needs one.
//  2. The cell's process opens the path.
//  3. It starts the fleet's process at one end. It binds itself to CPUs (Placements),
//     starts the server at the other end, the reference server or a user's Program,
//     waits until that listens, and reads the kernel's counters there.
//  4. It has the fleet, or the driver of a library client, make its attempts, and waits
//     for its report.
//  5. It stops the server, and takes the server's report and the counters again.
//  6. It closes the path and joins the ledgers of fleet, server and wire into a
//     Report.
//
// The cells of a Group run side by side. Each has its own processes and namespaces;
// what they share is the machine's CPUs and memory.
//
// Every process ends with its parent, whatever ends the parent. The kernel kills
// the server and the fleet. The cell's process sees its input end, and kills what
// a user's programs have started. The namespaces have no names and go with their
// last process.
//
// Probe and Choose find out which paths a machine allows, TryProgram starts a
// server program on one, and Exec runs a user's client program at the client's end.
package cell

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Roles returns the processes of a cell, for process.Run.
func Roles() map[string]process.Role {
	return map[string]process.Role{
		"cell":   cellRole,
		"server": serverRole,
		"fleet":  fleetRole,
		"driver": driverRole,
		"probe":  probeRole,
		"exec":   execRole,

		"go-nethttp":       goNetHTTPRole(false),
		"go-nethttp-close": goNetHTTPRole(true),
	}
}

// isolate prepares a child that starts in its own network namespace. If the child is
// killed, process.EndOrphans ends the processes that it has left.
func isolate(p *process.Child) {
	netpath.Isolate(p.Cmd)
	process.SurviveParent(p.Cmd)
	process.BecomeSubreaper()
}

// exitTimeout is how long a role may take to return when nobody waits for its report.
const exitTimeout = 5 * time.Second

// exitAtNextMessage waits for another message of the parent, or the end of the input.
// Both mean that nobody waits for the role's report. It then cancels the role, and
// ends the role's processes again and again, because the role may be about to start
// one. If the role has not returned after exitTimeout, it calls cleanup and ends this
// process.
func exitAtNextMessage(in *json.Decoder, cancel context.CancelFunc, cleanup func()) {
	var message struct{}
	_ = in.Decode(&message)
	cancel()
	endAndExit(cleanup)
}

func endAndExit(cleanup func()) {
	for deadline := time.Now().Add(exitTimeout); time.Now().Before(deadline); {
		process.EndChildren()
	}
	cleanup()
	os.Exit(1)
}

// sendOrCleanUp sends a role's report. If the parent is gone, it calls cleanup.
func sendOrCleanUp(out *gob.Encoder, report any, cleanup func()) error {
	if err := out.Encode(report); err != nil {
		cleanup()
		return fmt.Errorf("send the report: %w", err)
	}
	return nil
}
