package figure

import (
	"testing"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

func TestHeatIsDarkerTheMoreIsLostAndTheNumberStaysReadable(t *testing.T) {
	last := 2.0
	for i := range 101 {
		field, on := HeatColor(1 - float64(i)/100)
		l, ink := luminance(field), luminance(on)
		if l >= last {
			t.Errorf("at %d%% luminance %v after %v", 100-i, l, last)
		}
		if got := contrast(max(l, ink), min(l, ink)); got < 4.5 {
			t.Errorf("at %d%% contrast %.2f", 100-i, got)
		}
		last = l
	}
}

func TestAFieldReadsAllOrNothingOnlyWhereItIs(t *testing.T) {
	for want, s := range map[string]stats.Share{"100": stats.NewShare(40, 40), "99": stats.NewShare(999, 1000), "1": stats.NewShare(1, 1000), "0": stats.NewShare(0, 40), "50": stats.NewShare(1, 2)} {
		if got := HeatNumber(s); got != want {
			t.Errorf("%d of %d: %s", s.K, s.N, got)
		}
	}
}
