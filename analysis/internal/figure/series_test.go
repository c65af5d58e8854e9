package figure

import (
	"testing"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

func TestSamplesDifferWhereTwoIntervalsAreApart(t *testing.T) {
	few, many, other := ShareSample(0, stats.NewIndependentShare(5, 10)), ShareSample(1, stats.NewIndependentShare(700, 1000)), ShareSample(2, stats.NewIndependentShare(300, 1000))
	alone := Sample{X: 3, Y: 90, Low: 90, High: 90}
	for name, test := range map[string]struct {
		samples []Sample
		differ  bool
	}{
		"none":                           {nil, false},
		"one":                            {[]Sample{many}, false},
		"overlapping":                    {[]Sample{few, many}, false},
		"apart":                          {[]Sample{many, other}, true},
		"two of three apart":             {[]Sample{many, few, other}, true},
		"one without an interval":        {[]Sample{many, other, alone}, false},
		"of exactly all, and of nothing": {[]Sample{ShareSample(0, stats.NewIndependentShare(100, 100)), ShareSample(1, stats.NewIndependentShare(0, 100))}, true},
	} {
		if got := Differ(test.samples); got != test.differ {
			t.Errorf("%s: %v", name, got)
		}
	}
}
