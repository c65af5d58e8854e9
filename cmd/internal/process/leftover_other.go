//go:build !linux

package process

import "os/exec"

// BecomeSubreaper does nothing: only Linux has subreapers.
func BecomeSubreaper() {}

// SurviveParent does nothing: the kernel kills no process with its parent here.
func SurviveParent(*exec.Cmd) {}

// EndChildren does nothing: without a subreaper orphans cannot be found.
func EndChildren() {}

// EndOrphans does nothing: without a subreaper orphans cannot be found.
func EndOrphans(func(pid int) bool) {}
