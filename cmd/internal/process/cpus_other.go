//go:build !linux

package process

// CPUs returns none: the system does not say.
func CPUs() ([]int, error) { return nil, nil }

// Pin does nothing: the process runs on every CPU.
func Pin(int, []int) error { return nil }
