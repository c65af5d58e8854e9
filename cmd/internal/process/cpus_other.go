//go:build !linux

package process

// CPUs returns none: the system does not say.
func CPUs() []int { return nil }

// Bind reports that it does nothing.
func Bind([]int) bool { return false }
