package findings

import (
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestAnswersThatArrivedAndWereNotReadAreSaidToBe(t *testing.T) {
	got := findings(
		analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 500, results.ArrivedNotRead: 500}),
		analysistest.WireOf("shutdown", "blocking", map[results.Fate]int64{results.Read: 900, results.ArrivedNotRead: 100}),
		analysistest.WireOf("lingering-close", "blocking", map[results.Fate]int64{results.Read: 1000}),
	)
	want := "Answers lost under close and shutdown with blocking clients: all arrived whole in the client's kernel but its code did not read them: 100% (95% CI 99.36–100, n=600)."
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
		"Answers lost under close with blocking clients: 90.0% (95% CI 85.1–93.4, n=200) arrived whole in the client's kernel but its code did not read them; 10.0% (95% CI 6.6–14.9, n=200) were lost on the path.",
		"Answers lost under shutdown with blocking clients: all were lost on the path: 100% (95% CI 96.3–100, n=100).",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestTooFewLostAnswersAreNotSaidToBeMostlyLostAnywhere(t *testing.T) {
	lost := func(notRead, onPath int64) string {
		return findings(analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 900, results.ArrivedNotRead: notRead, results.LostOnPath: onPath}))
	}
	const few = "Too few answers were lost under close with blocking clients to say where they are lost: "
	for _, c := range []struct {
		notRead, onPath int64
		want            string
	}{
		{1, 1, few + "50.0% (95% CI 9.5–90.5, n=2) arrived"},
		{1, 0, few + "all arrived whole in the client's kernel but its code did not read them: 100% (95% CI 20.7–100, n=1)."},
		{2, 2, "No place surely has most of the answers lost under close with blocking clients: 50.0% (95% CI 15.0–85.0, n=4) arrived"},
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
	if got := again(map[results.Fate]int64{results.Read: 1000}, 12); !strings.Contains(got, claim) || !strings.Contains(got, "12 packets") {
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
