//go:build !unix

package loadgen

import "math"

// descriptorLimit returns how many descriptors this process may open. This system
// has no such limit.
func descriptorLimit() uint64 { return math.MaxInt64 }
