//go:build unix

package loadgen

import (
	"math"

	"golang.org/x/sys/unix"
)

// descriptorLimit returns how many descriptors this process may open. The Go
// runtime raises the soft limit to the hard limit at start (package os).
func descriptorLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt64
	}
	return uint64(limit.Cur)
}
