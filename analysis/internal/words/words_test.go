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

func TestRetriedNamesWhatItCounts(t *testing.T) {
	for n, want := range map[int]string{
		0: "0 invalid tries were replaced by a valid one",
		1: "1 invalid try was replaced by a valid one",
		2: "2 invalid tries were replaced by a valid one",
	} {
		if got := Retried(n); got != want {
			t.Errorf("Retried(%d) = %q, want %q", n, got, want)
		}
	}
}
