//go:build !linux

package cell

import "os/exec"

// own does nothing: a driver's output breaks when this process ends, and that ends it.
func own(*exec.Cmd) {}

// endGroup kills the driver.
func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

// standBack does nothing.
func standBack(*exec.Cmd) {}
