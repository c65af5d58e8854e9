//go:build !linux

package cell

import (
	"net"
	"net/netip"
)

// listens reports whether the address accepts connections.
func listens(_ int, addr netip.AddrPort) (bool, error) {
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		return false, nil
	}
	return true, c.Close()
}
