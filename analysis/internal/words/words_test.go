package words

import "testing"

func TestPercentIs100Or0OnlyForAnExact1Or0(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "100", 0.5: "50.0", 0.999999: ">99.99", 0.000001: "<0.01", 0.9987: "99.87", 0.98: "98.0", 0.00999: "1.00",
	} {
		if got := Percent(v); got != want {
			t.Errorf("percent(%v) = %q, want %q", v, got, want)
		}
	}
}
