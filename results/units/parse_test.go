package units

import (
	"math"
	"testing"
	"time"
)

func TestParsersRefuseWhatIsNoQuantity(t *testing.T) {
	for word, want := range map[string]time.Duration{"0": 0, "20ms": 20 * time.Millisecond, "1h": time.Hour} {
		if d, err := ParseDuration(word); d != want || err != nil {
			t.Errorf("%s is %v, %v", word, d, err)
		}
	}
	for _, word := range []string{"", "20", "-1s", "soon"} {
		if d, err := ParseDuration(word); err == nil {
			t.Errorf("%q is %v", word, d)
		}
	}
	for word, want := range map[string]int64{"0": 0, "100000": 100000, "64KiB": 64 << 10, "1MB": 1e6} {
		if n, err := ParseSize(word, math.MaxInt64); n != want || err != nil {
			t.Errorf("%s is %v, %v", word, n, err)
		}
	}
	for _, word := range []string{"", "-1", "many", "9EiB"} {
		if n, err := ParseSize(word, math.MaxInt64); err == nil {
			t.Errorf("%q is %v", word, n)
		}
	}
	for word, want := range map[string]float64{"0": 0, "0%": 0, "1%": 0.01, "100%": 1} {
		if v, err := ParseShare(word); v != want || err != nil {
			t.Errorf("%s is %v, %v", word, v, err)
		}
	}
	for _, word := range []string{"", "%", "0.5", "-1%", "101%", "NaN%", "Inf%"} {
		if v, err := ParseShare(word); err == nil {
			t.Errorf("%q is %v", word, v)
		}
	}
}
