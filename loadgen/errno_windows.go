package loadgen

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// normalErrno returns the number that package syscall names. On Windows package
// syscall invents these numbers. Calls return the numbers of Winsock, and
// overlapped calls sometimes those of the underlying system.
func normalErrno(errno syscall.Errno) syscall.Errno {
	switch errno {
	case windows.WSAECONNRESET, windows.WSAENETRESET, windows.ERROR_NETNAME_DELETED:
		return syscall.ECONNRESET
	case windows.WSAECONNABORTED, windows.ERROR_CONNECTION_ABORTED:
		return syscall.ECONNABORTED
	case windows.WSAESHUTDOWN, windows.ERROR_BROKEN_PIPE:
		return syscall.EPIPE
	case windows.WSAENOTCONN:
		return syscall.ENOTCONN
	case windows.WSAECONNREFUSED, windows.ERROR_CONNECTION_REFUSED:
		return syscall.ECONNREFUSED
	case windows.WSAETIMEDOUT, windows.ERROR_SEM_TIMEOUT:
		return syscall.ETIMEDOUT
	case windows.WSAENETUNREACH, windows.ERROR_NETWORK_UNREACHABLE:
		return syscall.ENETUNREACH
	case windows.WSAEHOSTUNREACH, windows.ERROR_HOST_UNREACHABLE:
		return syscall.EHOSTUNREACH
	case windows.WSAENETDOWN:
		return syscall.ENETDOWN
	case windows.WSAEHOSTDOWN:
		return syscall.EHOSTDOWN
	case windows.WSAEADDRNOTAVAIL:
		return syscall.EADDRNOTAVAIL
	case windows.WSAEADDRINUSE:
		return syscall.EADDRINUSE
	case windows.WSAENOBUFS:
		return syscall.ENOBUFS
	case windows.WSAEMFILE:
		return syscall.EMFILE
	case windows.WSAEACCES:
		return syscall.EACCES
	}
	return errno
}
