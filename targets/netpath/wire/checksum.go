package wire

import "encoding/binary"

// finishChecksum completes the TCP checksum of a frame taken from a device that
// was to complete it: until then its place holds the sum of the pseudo-header
// alone (CHECKSUM_PARTIAL in linux/skbuff.h), which a reader would take for a
// broken packet. Any other checksum, right or wrong, is left as it was sent;
// so is the frame's if its payload is cut short, as readers do not check it then.
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

// pseudoHeader adds up what the checksum covers besides the segment (RFC 9293
// section 3.1; RFC 8200 section 8.1).
func pseudoHeader(frame []byte, s offsets) uint64 {
	addresses := frame[s.network+12 : s.network+20]
	if s.version == 6 {
		addresses = frame[s.network+8 : s.network+40]
	}
	return sum(addresses, protocolTCP+uint64(s.end-s.transport))
}

// sum adds the big-endian 16-bit words of b to what there is (RFC 1071).
func sum(b []byte, n uint64) uint64 {
	for ; len(b) > 1; b = b[2:] {
		n += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		n += uint64(b[0]) << 8
	}
	return n
}

// fold brings a sum down to 16 bits with the carries added in.
func fold(n uint64) uint16 {
	for n>>16 != 0 {
		n = n>>16 + n&0xffff
	}
	return uint16(n)
}
