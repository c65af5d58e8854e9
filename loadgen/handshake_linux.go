package loadgen

import (
	"net"

	"golang.org/x/sys/unix"
)

// handshakeUs returns Attempt.HandshakeUs of a new connection.
func handshakeUs(c *net.TCPConn) (us uint32) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		var info unix.TCPInfo
		if sysTCPInfo(int32(fd), &info) == 0 {
			us = info.Rtt
		}
	})
	return us
}
