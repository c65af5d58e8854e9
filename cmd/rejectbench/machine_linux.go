package main

import (
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

func describeMachine() (machine, error) {
	var m machine
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return m, err
	}
	m.kernel = unix.ByteSliceToString(u.Release[:])
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return m, err
	}
	// Not every architecture has a model name.
	if cpus, err := fs.CPUInfo(); err == nil && len(cpus) > 0 {
		m.cpu = cpus[0].ModelName
	}
	return m, nil
}
