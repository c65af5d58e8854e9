//go:build !windows

package loadgen

import "syscall"

// normalErrno returns the number that package syscall names: the kernel's number.
func normalErrno(errno syscall.Errno) syscall.Errno { return errno }
