package wire

// arenaSize is the size in bytes of the blocks that hold the bytes of frames.
const arenaSize = 1 << 20

// frames keeps the first bytes of frames in blocks, with one location for each
// record of the log.
type frames struct {
	arenas    [][]byte
	locations []location
	used      int // bytes in all blocks
}

// location is where the bytes of a frame are.
type location struct {
	arena  uint32
	offset uint32
	kept   uint32
	length uint32 // of the whole frame
}

// keep copies the first bytes of a frame and reports whether there was room. It
// adds a location either way, so that locations and records have equal indices.
func (f *frames) keep(frame []byte, options LogOptions) bool {
	kept := min(len(frame), options.Snap, arenaSize)
	if f.used+kept > options.Bytes {
		f.locations = append(f.locations, location{})
		return false
	}
	if n := len(f.arenas); n == 0 || len(f.arenas[n-1])+kept > arenaSize {
		f.arenas = append(f.arenas, make([]byte, 0, arenaSize))
	}
	last := len(f.arenas) - 1
	f.locations = append(f.locations, location{uint32(last), uint32(len(f.arenas[last])), uint32(kept), uint32(len(frame))})
	f.arenas[last] = append(f.arenas[last], frame[:kept]...)
	f.used += kept
	return true
}

// repeat lets the next record share the bytes of an earlier one.
func (f *frames) repeat(r Ref) { f.locations = append(f.locations, f.locations[r]) }

func (f *frames) get(r Ref) (kept []byte, length int) {
	if int(r) >= len(f.locations) {
		return nil, 0
	}
	p := f.locations[r]
	if p.kept == 0 {
		return nil, 0
	}
	return f.arenas[p.arena][p.offset : p.offset+p.kept], int(p.length)
}
