//go:build !linux

package cell

import "os/exec"

// asOrdinaryUser does nothing: the server runs as the user of this process.
func asOrdinaryUser(*exec.Cmd) {}
