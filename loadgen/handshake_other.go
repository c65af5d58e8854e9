//go:build !linux

package loadgen

import "net"

// handshakeUs is Attempt.HandshakeUs, which no portable call tells.
func handshakeUs(*net.TCPConn) uint32 { return 0 }
