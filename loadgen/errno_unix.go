//go:build !windows

package loadgen

import "syscall"

// normalErrno returns the number package syscall names; here the kernel's own.
func normalErrno(errno syscall.Errno) syscall.Errno { return errno }
