// Package sweep runs the cells of a grid: for each, a path, a server and a
// fleet, every one in a process of its own, so that their CPU time, memory and
// garbage collection are their own and are measured on their own.
//
// The processes are this program again. The run's process starts a cell
// process in a network namespace of its own; that one makes the path, starts
// the server and the fleet at its ends, and joins their ledgers into a record.
// Each ends with its parent, whatever ends the parent: a server and a fleet are
// killed by the kernel, and the process above them sees its input end and takes
// along what a user's programs have started. The namespaces, which have no
// names, go with the last process in them.
package sweep

import (
	"maps"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
)

// Roles are the processes of a cell, for process.Run.
func Roles() map[string]process.Role {
	roles := map[string]process.Role{
		"cell":   cellRole,
		"server": serverRole,
		"fleet":  fleetRole,
		"driver": driverRole,
		"probe":  probeRole,
		"exec":   execRole,

		"go-nethttp":       goNetHTTPRole(false),
		"go-nethttp-close": goNetHTTPRole(true),
	}
	maps.Copy(roles, calibrationRoles())
	return roles
}
