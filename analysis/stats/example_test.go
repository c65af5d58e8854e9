package stats_test

import (
	"fmt"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

func ExampleWilson() {
	low, high := stats.Wilson(18, 20, stats.Z95)
	fmt.Printf("18 of 20: %.1f%% to %.1f%%\n", 100*low, 100*high)
	low, high = stats.Wilson(20, 20, stats.Z95)
	fmt.Printf("20 of 20: %.1f%% to %.1f%%\n", 100*low, 100*high)
	// Output:
	// 18 of 20: 69.9% to 97.2%
	// 20 of 20: 83.9% to 100.0%
}

func ExampleNewIndependentShare() {
	before, after := stats.NewIndependentShare(60, 100), stats.NewIndependentShare(95, 100)
	fmt.Println(before.Value, after.Value, before.Overlaps(after))
	// Output: 0.6 0.95 false
}
