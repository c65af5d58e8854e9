package loadgen

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of an attempt are raw: they never block, so the scheduler need
// not know of them, and they return the error number that is measured.

func errnoOnly(_, _ uintptr, e syscall.Errno) syscall.Errno { return e }

// sockaddr is a kernel socket address. A fleet makes it once.
type sockaddr struct {
	bytes  [unix.SizeofSockaddrInet6]byte
	len    uint32
	family int
}

func newSockaddr(a netip.AddrPort) sockaddr {
	var s sockaddr
	if a.Addr().Is4() {
		s.family, s.len = unix.AF_INET, unix.SizeofSockaddrInet4
		ip := a.Addr().As4()
		copy(s.bytes[4:], ip[:])
	} else {
		s.family, s.len = unix.AF_INET6, unix.SizeofSockaddrInet6
		ip := a.Addr().As16()
		copy(s.bytes[8:], ip[:])
	}
	binary.NativeEndian.PutUint16(s.bytes[:], uint16(s.family))
	binary.BigEndian.PutUint16(s.bytes[2:], a.Port())
	return s
}

func sysSocket(family int) (int32, syscall.Errno) {
	fd, _, e := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	return int32(fd), e
}

func sysConnect(fd int32, to *sockaddr) syscall.Errno {
	return errnoOnly(unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&to.bytes)), uintptr(to.len)))
}

func sysClose(fd int32) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

func sysSend(fd int32, b []byte) (int64, syscall.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return int64(n), e
}

func sysReceive(fd int32, b []byte) (int64, syscall.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0, 0)
	return int64(n), e
}

// sysNoDelay sets TCP_NODELAY, as curl, Go, Python and browsers do.
func sysNoDelay(fd int32) syscall.Errno {
	one := int32(1)
	return errnoOnly(unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, uintptr(unsafe.Pointer(&one)), 4, 0))
}

// sysTakeError returns the socket's pending error and clears it (SO_ERROR).
func sysTakeError(fd int32) syscall.Errno {
	var value, size int32 = 0, 4
	if e := errnoOnly(unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ERROR, uintptr(unsafe.Pointer(&value)), uintptr(unsafe.Pointer(&size)), 0)); e != 0 {
		return e
	}
	return syscall.Errno(value)
}

// tcpClose is TCP_CLOSE of net/tcp_states.h, the state after a reset.
const tcpClose = 7

// sysTCPInfo reads the socket's TCP_INFO. It does not clear a pending error.
func sysTCPInfo(fd int32, info *unix.TCPInfo) syscall.Errno {
	size := uint32(unsafe.Sizeof(*info))
	return errnoOnly(unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_INFO, uintptr(unsafe.Pointer(info)), uintptr(unsafe.Pointer(&size)), 0))
}

// sysLocalPort returns the socket's own port, 0 if it has none.
func sysLocalPort(fd int32) uint16 {
	var sa [unix.SizeofSockaddrInet6]byte
	size := uint32(len(sa))
	if e := errnoOnly(unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))); e != 0 {
		return 0
	}
	return binary.BigEndian.Uint16(sa[2:])
}

func sysEpollControl(epoll, op int, fd int32, ev unix.EpollEvent) syscall.Errno {
	return errnoOnly(unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epoll), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0))
}

// sysEpollWait waits for at most ns nanoseconds, without a limit if ns is negative.
// It may block, so it is no raw system call.
func sysEpollWait(epoll int, events []unix.EpollEvent, ns int64) (int, syscall.Errno) {
	// struct __kernel_timespec: 64 bits on every architecture, unlike unix.Timespec.
	timeout := &[2]int64{ns / 1e9, ns % 1e9}
	if ns < 0 {
		timeout = nil
	}
	n, _, e := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(unsafe.Pointer(timeout)), 0, 0)
	return int(n), e
}
