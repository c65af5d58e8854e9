package cell

import (
	"fmt"
	"strings"
	"sync"
)

// How many bytes of a driver's standard error an error quotes. A shell names the
// cause in its first line, an interpreter in its last.
const (
	quotedStart = 100
	quotedEnd   = 200
)

// outputEnds keeps the first and the last bytes that are written to it.
type outputEnds struct {
	mu         sync.Mutex // guards what follows
	start, end []byte
	cut        bool // there were bytes between start and end
}

func (o *outputEnds) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := min(len(p), quotedStart-len(o.start))
	o.start = append(o.start, p[:first]...)
	rest := p[first:]
	if surplus := len(o.end) + len(rest) - quotedEnd; surplus > 0 {
		o.cut = true
		ofEnd := min(surplus, len(o.end))
		o.end = append(o.end[:0], o.end[ofEnd:]...)
		rest = rest[surplus-ofEnd:]
	}
	o.end = append(o.end, rest...)
	return len(p), nil
}

// excerpt quotes the bytes on one line, to end an error with. It is empty if
// nothing was written.
func (o *outputEnds) excerpt() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := string(o.start) + string(o.end)
	if o.cut {
		text = strings.ToValidUTF8(string(o.start), "") + " ... " + strings.ToValidUTF8(string(o.end), "")
	}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return ""
	}
	return fmt.Sprintf("; it wrote: %q", text)
}
