//go:build unix

package loadgen

import (
	"math"

	"golang.org/x/sys/unix"
)

// descriptorLimit is how many descriptors this process may have open. The Go
// runtime has raised the soft limit to the hard one at start (package os).
func descriptorLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt64
	}
	return uint64(limit.Cur)
}
