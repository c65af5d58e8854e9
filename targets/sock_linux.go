package targets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// onLinux reports whether the system has the system calls of this file.
const onLinux = true

// The states of TCP_INFO (include/net/tcp_states.h).
const (
	tcpEstablished = 1
	tcpFinWait1    = 4
	tcpClose       = 7
	tcpCloseWait   = 8
	tcpLastAck     = 9
	tcpClosing     = 11
)

// waitAcked waits until the peer's kernel has acknowledged all sent data and the
// FIN. It does not poll in a loop: the kernel wakes the poller when the state
// leaves FIN_WAIT1 (tcp_rcv_state_process calls sk_state_change). A socket that
// was shut down for writing is always writable (tcp_poll), so a wait for
// writability returns at the next change of state.
func waitAcked(c tcpConn, timeout time.Duration) error {
	if err := c.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var infoErr error
	err = raw.Write(func(fd uintptr) bool {
		var acked bool
		acked, infoErr = finAckedFD(int(fd))
		return acked || infoErr != nil
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errTimeLimit
	}
	return errors.Join(err, infoErr)
}

// finAcked reports whether the peer's kernel has acknowledged all sent data and
// the FIN of an earlier half-close.
func finAcked(c tcpConn) (acked bool, err error) {
	err = control(c, func(fd int) error {
		acked, err = finAckedFD(fd)
		return err
	})
	return acked, err
}

func finAckedFD(fd int) (bool, error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return false, os.NewSyscallError("getsockopt TCP_INFO", err)
	}
	switch info.State {
	case tcpEstablished, tcpFinWait1, tcpCloseWait, tcpClosing, tcpLastAck:
		return false, nil
	case tcpClose:
		// Both sides are closed. SO_ERROR says whether by a reset.
		errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno != 0 {
			return false, os.NewSyscallError("SO_ERROR", syscall.Errno(errno))
		}
		return err == nil, os.NewSyscallError("getsockopt SO_ERROR", err)
	}
	return true, nil
}

// roundTrip returns the kernel's smoothed round trip of the connection.
func roundTrip(c tcpConn) (rtt time.Duration, err error) {
	err = control(c, func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return os.NewSyscallError("getsockopt TCP_INFO", err)
		}
		rtt = time.Duration(info.Rtt) * time.Microsecond
		return nil
	})
	return rtt, err
}

// peek waits until the receive buffer has len(p) bytes and copies them without
// removing them. It returns io.EOF if the peer closes its side before the first
// byte. If the peer closes its side later but before len(p) bytes, peek waits
// until the timeout.
func peek(c tcpConn, p []byte, timeout time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), p, unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return false
		case err != nil:
			inner = os.NewSyscallError("recv MSG_PEEK", err)
		case n == 0:
			inner = io.EOF
		}
		return inner != nil || n == len(p)
	})
	return errors.Join(err, inner)
}

// available returns the number of bytes in the receive buffer.
func available(c tcpConn) (n int, err error) {
	err = control(c, func(fd int) error {
		n, err = unix.IoctlGetInt(fd, unix.TIOCINQ) // FIONREAD, SIOCINQ
		return os.NewSyscallError("ioctl FIONREAD", err)
	})
	return n, err
}

// deferAccept makes the kernel complete an accept only when data has arrived. The
// kernel converts the time into a number of SYN-ACK retransmissions and rounds it
// up (secs_to_retrans). After that time it accepts the connection without data.
func deferAccept(b Bounds, c syscall.RawConn) error {
	seconds := int((b.HeaderTimeout + time.Second - 1) / time.Second)
	var err error
	return errors.Join(c.Control(func(fd uintptr) {
		err = os.NewSyscallError("setsockopt TCP_DEFER_ACCEPT",
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, seconds))
	}), err)
}

// control calls f with the connection's descriptor.
func control(c syscall.Conn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return fmt.Errorf("get at the socket: %w", err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return fmt.Errorf("get at the socket: %w", err)
	}
	return inner
}
