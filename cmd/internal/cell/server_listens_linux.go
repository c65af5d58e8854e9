package cell

import (
	"errors"
	"net/netip"
	"os"
	"strconv"

	"github.com/prometheus/procfs"
)

// tcpListen is TCP_LISTEN of include/net/tcp_states.h.
const tcpListen = 10

// listens reports whether a socket listens on the address in the network namespace
// of a process. It reads the kernel's table: a connection would be in the counts of
// server and kernel.
func listens(pid int, addr netip.AddrPort) (bool, error) {
	fs, err := procfs.NewFS("/proc/" + strconv.Itoa(pid))
	if err != nil {
		return false, err
	}
	//lint:ignore SA1019 its replacement needs a socket in the namespace; this reads a process's table
	sockets, err := fs.NetTCP()
	if err != nil {
		return false, err
	}
	// A socket on [::] accepts IPv4 connections as well.
	//lint:ignore SA1019 its replacement needs a socket in the namespace; this reads a process's table
	sockets6, err := fs.NetTCP6()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	for _, s := range append(sockets, sockets6...) {
		if s.St != tcpListen || s.LocalPort != uint64(addr.Port()) {
			continue
		}
		on, ok := netip.AddrFromSlice(s.LocalAddr)
		if on = on.Unmap(); ok && (on == addr.Addr() || on == netip.IPv6Unspecified() || on.IsUnspecified() && addr.Addr().Is4()) {
			return true, nil
		}
	}
	return false, nil
}
