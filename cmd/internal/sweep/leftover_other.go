//go:build !linux

package sweep

import "os/exec"

// adopt, outlive and endChildren do nothing: a program's children are its own affair here.
func adopt()            {}
func outlive(*exec.Cmd) {}
func endChildren(bool)  {}
