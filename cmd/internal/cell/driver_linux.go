package cell

import (
	"os/exec"
	"syscall"
)

// own has cmd start in a process group of its own and die with the thread that
// starts it.
func inOwnProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// endGroup kills the driver and what it has started.
func endGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// driverNice is how far a driver stands back from the path, which must be on time.
const driverNice = 10

// lowerPriority lets the path and the server go first on a processor that a driver
// shares with them. It is a courtesy: without it a cell is late more often.
func lowerPriority(cmd *exec.Cmd) {
	_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, driverNice)
}
