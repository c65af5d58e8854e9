//go:build !linux

package cell

import "os/exec"

// inOwnProcessGroup does nothing. When this process ends, the driver's output
// breaks, and that ends the driver.
func inOwnProcessGroup(*exec.Cmd) {}

// endGroup kills the driver.
func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

// lowerPriority does nothing.
func lowerPriority(*exec.Cmd) {}
