package cell

import (
	"os"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// Counters that a library has fields for but never fills in were once missing from
// every record.
func TestEveryCounterOfTheVocabularyIsRead(t *testing.T) {
	values, err := counters(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range results.Counters {
		if _, ok := values[c.Name]; !ok {
			t.Errorf("%s is not in what was read from %s", c.Name, c.File)
		}
	}
}

func TestParseCountersPairsNamesWithValues(t *testing.T) {
	got, err := parseCounters("Ip: Forwarding\nIp: 1\nTcp: MaxConn OutRsts\nTcp: -1 7\nTcpExt: A B\nTcpExt: 3 4\nIpExt: A\nIpExt: 9\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"MaxConn": -1, "OutRsts": 7, "A": 3, "B": 4} {
		if got[name] != want {
			t.Errorf("%s is %d, want %d", name, got[name], want)
		}
	}
	if _, err := parseCounters("Tcp: A B\nTcp: 1\n"); err == nil {
		t.Error("no error for a missing value")
	}
}

func TestDeltaLeavesOutNothing(t *testing.T) {
	got := delta(map[string]int64{"A": 1}, map[string]int64{"A": 5, "B": 2})
	if got["A"] != 4 || got["B"] != 2 || len(got) != 2 {
		t.Errorf("delta %v", got)
	}
}
