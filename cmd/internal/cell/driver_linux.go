package cell

import (
	"os/exec"
	"syscall"
)

// inOwnProcessGroup has cmd start in its own process group, and be killed when the
// thread that started it ends.
func inOwnProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// endGroup kills the driver and its descendants in its process group.
func endGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// driverNice is the nice value of a driver.
const driverNice = 10

// lowerPriority gives the path, which must be on time, and the server precedence on
// a processor that they share with a driver. If it fails, cells are late more
// often.
func lowerPriority(cmd *exec.Cmd) {
	_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, driverNice)
}
