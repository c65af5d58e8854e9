package sweep

import (
	"testing"
	"time"
)

// A duration above the limit of a cell was once cut to it without a word; whoever
// asks for one has to lift the limit.
func TestACellStartsAttemptsForItsDurationWithinItsLimit(t *testing.T) {
	for _, c := range []struct{ duration, limit, want time.Duration }{
		{0, time.Minute, time.Minute},
		{time.Second, time.Minute, time.Second},
		{90 * time.Second, 90 * time.Second, 90 * time.Second},
		{90 * time.Second, 0, 90 * time.Second},
		{90 * time.Second, time.Minute, time.Minute},
	} {
		o := Options{Duration: c.duration, MaxCell: c.limit}
		if got := o.cell(visit{Point: Point{Concurrency: 1}}, 0).Fleet.Duration; got != c.want {
			t.Errorf("%v within %v: %v, want %v", c.duration, c.limit, got, c.want)
		}
	}
}
