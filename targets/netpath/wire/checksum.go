package wire

import "encoding/binary"

// finishChecksum completes the TCP checksum of a frame from a device with checksum
// offload. Such a frame holds the sum of the pseudo-header only (CHECKSUM_PARTIAL
// in linux/skbuff.h), which programs that read captures report as an error. Any
// other checksum, right or wrong, is kept. A frame with a truncated payload is not
// changed either, because those programs do not verify its checksum.
func finishChecksum(frame []byte) {
	s, ok := dissect(frame)
	if !ok || s.end > len(frame) {
		return
	}
	tcp := frame[s.transport:s.end]
	pseudo := pseudoHeader(frame, s)
	if at := tcp[16:18]; binary.BigEndian.Uint16(at) == fold(pseudo) {
		at[0], at[1] = 0, 0
		binary.BigEndian.PutUint16(at, ^fold(sum(tcp, pseudo)))
	}
}

// pseudoHeader returns the sum of the pseudo-header (RFC 9293 section 3.1; RFC
// 8200 section 8.1).
func pseudoHeader(frame []byte, s offsets) uint64 {
	addresses := frame[s.network+12 : s.network+20]
	if s.version == 6 {
		addresses = frame[s.network+8 : s.network+40]
	}
	return sum(addresses, protocolTCP+uint64(s.end-s.transport))
}

// sum adds the big-endian 16-bit words of b to n (RFC 1071).
func sum(b []byte, n uint64) uint64 {
	for ; len(b) > 1; b = b[2:] {
		n += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		n += uint64(b[0]) << 8
	}
	return n
}

// fold reduces a sum to 16 bits, with the carries added.
func fold(n uint64) uint16 {
	for n>>16 != 0 {
		n = n>>16 + n&0xffff
	}
	return uint16(n)
}
