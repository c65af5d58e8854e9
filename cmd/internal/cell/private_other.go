//go:build !linux

package cell

import "os/exec"

// asOrdinaryUser does nothing: a server is started as who this process is.
func asOrdinaryUser(*exec.Cmd) {}
