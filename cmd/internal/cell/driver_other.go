//go:build !linux

package cell

import "os/exec"

// own does nothing: a driver's output breaks when this process ends, and that ends it.
func inOwnProcessGroup(*exec.Cmd) {}

// endGroup kills the driver.
func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

// lowerPriority does nothing.
func lowerPriority(*exec.Cmd) {}
