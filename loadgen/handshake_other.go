//go:build !linux

package loadgen

import "net"

// handshakeUs returns 0: no portable call reports Attempt.HandshakeUs.
func handshakeUs(*net.TCPConn) uint32 { return 0 }
