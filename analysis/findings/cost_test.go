package findings

import (
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// A sign test needs four conditions, also if all of them agree.
func TestTheCheaperOfTwoNeedsFourConditionsThatAgree(t *testing.T) {
	for conditions, apart := range map[int]bool{2: false, 3: false, 4: true} {
		var points []*analysis.Summary
		for i := range conditions {
			for strategy, hold := range map[string]float64{"wait-acked": 10, "lingering-close": 20} {
				points = append(points, &analysis.Summary{
					Point: results.Point{Strategy: strategy, Client: "blocking", RTTMs: float64(i)}, Cells: 1, Rejected: 5000,
					Delivered: stats.NewShare(5000, 5000), Cost: analysis.Cost{HoldMs: results.Percentiles{Count: 5000, Mean: hold}},
				})
			}
		}
		text := strings.Join(findCheapest(points), " ")
		if !strings.Contains(text, "is wait-acked") || strings.Contains(text, "do not differ measurably") == apart {
			t.Errorf("%d conditions: %s", conditions, text)
		}
	}
}
