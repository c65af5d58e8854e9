package compare_test

import (
	"fmt"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/compare"
	"github.com/rejectbench/rejectbench/results"
)

// runOf returns a run of one point: 200 rejections in each round, of which the given
// numbers were delivered.
func runOf(dir string, delivered ...int64) *results.Run {
	run := &results.Run{Dir: dir}
	for round, k := range delivered {
		run.Cells = append(run.Cells, results.Cell{
			Point: results.Point{Strategy: "close", Client: "blocking", RTTMs: 20, Concurrency: 10, BodyBytes: 1 << 20},
			Round: round, Valid: true, Attempts: 200, Rejected: 200, Delivered: k,
		})
	}
	return run
}

func ExampleRuns() {
	delivered, err := analysis.MetricByName("delivered_share")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := compare.Runs(runOf("before", 120, 126, 118, 124), runOf("after", 198, 199, 197, 198), compare.Options{
		Metrics: []analysis.Metric{delivered}, Gate: []string{delivered.Name}, Alpha: 0.05, Effect: 0.02,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range c.Rows {
		fmt.Printf("%s at %v:\n%s, from %.3f to %.3f\n", r.Metric.Name, r.Point, r.Verdict, r.Base.Share.Value, r.New.Share.Value)
	}
	fmt.Println("gate:", c.Gate())
	// Output:
	// delivered_share at close, blocking, rtt 20 ms, concurrency 10, body 1 MiB:
	// better, from 0.610 to 0.990
	// gate: same
}
