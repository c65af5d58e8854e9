package sweep

import (
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// A duration above the limit of a cell was once cut to the limit silently. The
// command line has to raise the limit with it.
func TestACellStartsAttemptsForItsDurationWithinItsLimit(t *testing.T) {
	for _, c := range []struct{ duration, limit, want time.Duration }{
		{0, time.Minute, time.Minute},
		{time.Second, time.Minute, time.Second},
		{90 * time.Second, 90 * time.Second, 90 * time.Second},
		{90 * time.Second, 0, 90 * time.Second},
		{90 * time.Second, time.Minute, time.Minute},
	} {
		o := Options{Duration: c.duration, MaxCell: c.limit}
		if got := o.spec(visit{Point: results.Point{Concurrency: 1}}, 0).Fleet.Duration; got != c.want {
			t.Errorf("%v within %v: %v, want %v", c.duration, c.limit, got, c.want)
		}
	}
}
