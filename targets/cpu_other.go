//go:build !unix

package targets

import "time"

// processCPU returns 0: the CPU time is unknown on this system.
func processCPU() time.Duration { return 0 }
