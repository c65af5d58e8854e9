package findings

import (
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestAnswersThatArrivedAndWereNotReadAreSaidToBe(t *testing.T) {
	got := findings(
		analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 500, results.ArrivedNotRead: 500}),
		analysistest.WireOf("shutdown", "blocking", map[results.Fate]int64{results.Read: 900, results.ArrivedNotRead: 100}),
		analysistest.WireOf("lingering-close", "blocking", map[results.Fate]int64{results.Read: 1000}),
	)
	want := "Answers lost under close and shutdown with blocking clients: all arrived whole in the client's kernel but its code did not read them: 3000 of 3000."
	if !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestStrategiesThatLoseInOtherPlacesGetOtherSentences(t *testing.T) {
	got := findings(
		analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 800, results.ArrivedNotRead: 180, results.LostOnPath: 20}),
		analysistest.WireOf("shutdown", "blocking", map[results.Fate]int64{results.Read: 900, results.LostOnPath: 100}),
	)
	for _, want := range []string{
		"Answers lost under close with blocking clients: 900 of 1000 arrived whole in the client's kernel but its code did not read them; 100 of 1000 were lost on the path.",
		"Answers lost under shutdown with blocking clients: all were lost on the path: 500 of 500.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestTooFewLostAnswersAreNotSaidToBeMostlyLostAnywhere(t *testing.T) {
	lost := func(notRead, onPath int64) string {
		c := analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 900, results.ArrivedNotRead: notRead, results.LostOnPath: onPath})
		return strings.Join(of(analysis.NewStudy(&results.Run{Cells: []results.Cell{c}})), "\n")
	}
	const few = "Too few answers were lost under close with blocking clients to say where they are lost: "
	for _, c := range []struct {
		notRead, onPath int64
		want            string
	}{
		{1, 1, few + "1 of 2 arrived"},
		{1, 0, few + "all arrived whole in the client's kernel but its code did not read them: 1 of 1."},
		{3, 3, "No place has most of the answers lost under close with blocking clients at every condition: 3 of 6 arrived"},
	} {
		if got := lost(c.notRead, c.onPath); !strings.Contains(got, c.want) || strings.Contains(got, "Answers lost") {
			t.Errorf("%d not read, %d lost on the path: %s", c.notRead, c.onPath, got)
		}
	}
}

func TestStrategiesThatLostFewAreJudgedTogether(t *testing.T) {
	few := map[results.Fate]int64{results.Read: 900, results.ArrivedNotRead: 2}
	got := findings(analysistest.WireOf("close", "blocking", few), analysistest.WireOf("shutdown", "blocking", few))
	if !strings.Contains(got, "Answers lost under close and shutdown with blocking clients: all arrived whole") || strings.Contains(got, "No place") {
		t.Error(got)
	}
}

func TestRecoveryNeedsRetransmissionsAndEveryAnswerRead(t *testing.T) {
	again := func(fates map[results.Fate]int64, n int64) string {
		c := analysistest.WireOf("lingering-close", "duplex", fates)
		c.Wire.Retransmitted = n
		return findings(c)
	}
	const claim = "were retransmitted"
	if got := again(map[results.Fate]int64{results.Read: 1000}, 12); !strings.Contains(got, claim) || !strings.Contains(got, "60 packets") {
		t.Error(got)
	}
	for name, got := range map[string]string{
		"nothing was sent again": again(map[results.Fate]int64{results.Read: 1000}, 0),
		"an answer was lost":     again(map[results.Fate]int64{results.Read: 999, results.LostOnPath: 1}, 12),
	} {
		if strings.Contains(got, claim) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
