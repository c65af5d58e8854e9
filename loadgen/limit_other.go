//go:build !unix

package loadgen

import "math"

// descriptorLimit is how many descriptors this process may have open; there is
// no such limit here.
func descriptorLimit() uint64 { return math.MaxInt64 }
