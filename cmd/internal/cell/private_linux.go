package cell

import (
	"os"
	"os/exec"
	"syscall"
)

// nobody is the user that a server of the catalogue is to itself: nobody, who
// stands in every /etc/passwd.
const nobody = 65534

// asOrdinaryUser has cmd start as an ordinary user in a user namespace of its
// own, when this process is root. A server that root starts wants to become
// another user; where only one user is mapped there is no other, and what it does
// as root is not what it does in service.
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
