package analysis

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

func TestEveryMetricHasANameAndEitherAShareOrAValue(t *testing.T) {
	names := map[string]bool{}
	all := Metrics
	for _, o := range results.Outcomes {
		all = append(all[:len(all):len(all)], outcomeShare(o.Outcome))
	}
	for _, m := range all {
		if names[m.Name] {
			t.Errorf("%s is listed twice", m.Name)
		}
		names[m.Name] = true
		got, err := MetricByName(m.Name)
		if err != nil || got.Summary != m.Summary {
			t.Errorf("%s: found %q, %v", m.Name, got.Summary, err)
		}
		if (got.Share == nil) == (got.Value == nil) {
			t.Errorf("%s is not exactly one of share and value", m.Name)
		}
	}
	for _, name := range []string{"", "delivered", "share(", "share()", "share(delivered", "share(no-such-end)", "SHARE(closed)"} {
		if _, err := MetricByName(name); err == nil {
			t.Errorf("%q is accepted as a metric", name)
		}
	}
}

func TestSharesOfOutcomesAreOfTheAttemptsNotAdmitted(t *testing.T) {
	c := results.Cell{Attempts: 10}
	c.Outcomes[results.Admitted], c.Outcomes[results.BrokenPipe], c.Outcomes[results.Delivered] = 2, 3, 5
	for name, want := range map[string][2]int64{"share(broken-pipe)": {3, 8}, "share(delivered)": {5, 8}, "share(admitted)": {2, 10}} {
		m, err := MetricByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if k, n := m.Share(&c); [2]int64{k, n} != want {
			t.Errorf("%s: %d of %d, want %v", name, k, n, want)
		}
	}
}
