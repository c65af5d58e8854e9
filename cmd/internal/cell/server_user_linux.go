package cell

import (
	"os"
	"os/exec"
	"syscall"
)

// nobody is the user id of a server of the catalogue in its user namespace. Every
// /etc/passwd has it.
const nobody = 65534

// asOrdinaryUser has cmd start as an ordinary user in its own user namespace, if
// this process is root. A server that starts as root wants to become another user,
// which fails where only one is mapped, and it behaves differently from a server in
// service if it stays root.
func asOrdinaryUser(cmd *exec.Cmd) {
	if os.Geteuid() != 0 {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:     true,
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getegid(), Size: 1}},
	}
}
