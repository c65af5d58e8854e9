//go:build !linux

package cell

import (
	"net"
	"net/netip"
)

// listens tells whether something takes connections on the address.
func listens(_ int, addr netip.AddrPort) (bool, error) {
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		return false, nil
	}
	return true, c.Close()
}
