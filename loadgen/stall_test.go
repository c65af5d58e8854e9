package loadgen

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// stalledFleet runs a fleet for a second, and prints the longest that an attempt was due
// while a slot was free, in milliseconds. It returns the exit code.
func stalledFleet(url string) int {
	target, err := ParseTarget(url)
	if err == nil {
		var r *Result
		r, err = Run(context.Background(), Config{
			Target: target, Client: "blocking", Concurrency: 50, Rate: 200, Arrivals: results.SpreadArrivals, Duration: time.Second,
			Portable: os.Getenv(stallPortable) != "",
		})
		if err == nil {
			var report Report
			if report, err = r.Report(); err == nil {
				fmt.Println(report.StallMs)
				return 0
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// stallPortable has stalledFleet use the portable engine.
const stallPortable = "LOADGEN_STALL_PORTABLE"
