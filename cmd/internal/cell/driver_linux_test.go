package cell

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// drawAttempts draws the attempts of a driver.
func drawAttempts(t *rapid.T) (all []drivenAttempt) {
	for range rapid.IntRange(0, 60).Draw(t, "attempts") {
		end := rapid.Int64Range(0, int64(time.Minute)).Draw(t, "end")
		due := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "due"))
		all = append(all, drivenAttempt{
			due: due, started: due + time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "lag")),
			AttemptLine: drivers.AttemptLine{
				Outcome:  results.Outcome(rapid.IntRange(0, results.NumOutcomes-1).Draw(t, "outcome")),
				Response: time.Duration(rapid.Int64Range(0, end).Draw(t, "response")), End: time.Duration(end),
				Port: rapid.SampledFrom([]uint16{0, 0, 1, 2, 3, 4711}).Draw(t, "port"),
			},
		})
	}
	return all
}

func TestEveryAttemptOfADriverIsCountedOnceInItsReport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempts := drawAttempts(t)
		fleet := loadgen.Config{Rate: rapid.SampledFrom([]float64{0, 100}).Draw(t, "rate")}
		r, err := driverReport(fleet, driven{attempts: attempts})
		if err != nil {
			t.Fatal(err)
		}
		n := int64(len(attempts))
		if r.Counts.Total() != n || r.Latency.End.Count != n || int64(len(r.Attempts)) != n || r.Latency.Connect.Count != 0 || r.Handshake.Count != 0 {
			t.Errorf("%d attempts became %+v", n, r)
		}
		var answered int64
		for _, a := range attempts {
			if a.Response > 0 {
				answered++
			}
		}
		if r.Latency.Response.Count != answered {
			t.Errorf("%d of %d answers have a latency", r.Latency.Response.Count, answered)
		}
		if openLoop := fleet.Rate > 0; (r.Uncorrected != nil) != openLoop || openLoop && (r.Lag.Count != n || r.Uncorrected.End.Count != n || r.Uncorrected.Response.Count != answered) {
			t.Errorf("lag of %d attempts, uncorrected %+v of %d", r.Lag.Count, r.Uncorrected, n)
		}
		var inHistograms int64
		for key, encoded := range r.Histograms {
			h, err := results.DecodeHistogram(encoded)
			if err != nil {
				t.Fatal(err)
			}
			if phase, outcome, _ := strings.Cut(key, "/"); phase == "end" {
				o, err := results.ParseOutcome(outcome)
				if err != nil || h.TotalCount() != r.Counts[o] {
					t.Errorf("%s has %d of %d", key, h.TotalCount(), r.Counts[o])
				}
				inHistograms += h.TotalCount()
			}
		}
		if inHistograms != n {
			t.Errorf("%d of %d attempts are in histograms", inHistograms, n)
		}
	})
}

func TestEveryEntryOfTheServerIsJoinedOnceWithADriversAttempts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := driverReport(loadgen.Config{}, driven{attempts: drawAttempts(t)})
		if err != nil {
			t.Fatal(err)
		}
		var entries []targets.LedgerEntry
		for _, port := range rapid.SliceOf(rapid.SampledFrom([]uint16{1, 2, 3, 4711, 9})).Draw(t, "entries") {
			entries = append(entries, targets.LedgerEntry{PeerPort: port})
		}
		l := joinDriverLedgers(r.Attempts, entries)
		if l.Matched < 0 || l.FleetOnly < 0 || l.ServerOnly < 0 || l.Matched+l.ServerOnly != int64(len(entries)) {
			t.Errorf("%d entries: %+v", len(entries), l)
		}
		if all := l.Matched + l.FleetOnly; all > int64(len(r.Attempts)) {
			t.Errorf("%d attempts: %+v", len(r.Attempts), l)
		}
	})
}

func TestWithoutPortsCountsDecideTheFatesOfArrivedAnswers(t *testing.T) {
	wireOf := func(unknown, never int64) *results.Wire {
		w := &results.Wire{Fates: map[string]int64{}, FateOutcomes: map[string]map[string]int64{}, Rejections: unknown + never}
		for _, f := range results.Fates {
			w.Fates[f.Name], w.FateOutcomes[f.Name] = 0, map[string]int64{}
		}
		w.Fates["unknown"], w.Fates["never-sent"] = unknown, never
		return w
	}
	rapid.Check(t, func(t *rapid.T) {
		unknown, never := rapid.Int64Range(0, 50).Draw(t, "unknown"), rapid.Int64Range(0, 50).Draw(t, "never")
		delivered := rapid.Int64Range(0, 60).Draw(t, "delivered")
		r := loadgen.Report{Attempts: []loadgen.Attempt{{Outcome: results.Delivered}}}
		r.Counts[results.Delivered] = delivered
		w := wireOf(unknown, never)
		tls := rapid.Bool().Draw(t, "tls")
		err := completeFates(w, r, tls)
		if (err != nil) != (delivered > unknown) {
			t.Fatalf("%d delivered of %d arrived: %v", delivered, unknown, err)
		}
		var sum int64
		for _, n := range w.Fates {
			sum += n
		}
		if sum != unknown+never {
			t.Errorf("%d rejections have %d fates", unknown+never, sum)
		}
		rest, none := "arrived-not-read", "unknown"
		if tls {
			rest, none = none, rest
		}
		if err == nil && (w.Fates["read"] != delivered || w.Fates[rest] != unknown-delivered || w.Fates[none] != 0) {
			t.Errorf("%d delivered of %d arrived: %v", delivered, unknown, w.Fates)
		}
	})
	known := wireOf(3, 0)
	if err := completeFates(known, loadgen.Report{Attempts: []loadgen.Attempt{{Outcome: results.Delivered, LocalPort: 1}}}, false); err != nil || known.Fates["unknown"] != 3 {
		t.Errorf("a fleet with ports: %v, %v", known.Fates, err)
	}
}

func TestEveryDriverThatBreaksTheProtocolIsEndedWithOneReason(t *testing.T) {
	const one = `read -r n; echo "{\"attempt\":$n,\"outcome\":\"closed\",\"started_ms\":1,\"end_ms\":1}"; `
	for _, tt := range []struct {
		name, script, why string
		patience          time.Duration
	}{
		{"garbage instead of ready", "echo " + strings.Repeat("x", 100) + "; sleep 600", "line 1: ", patience},
		{"garbage", "echo ready; echo " + strings.Repeat("x", 100) + "; sleep 600", "line 2: ", patience},
		{"an unknown outcome", `echo ready; echo '{"outcome":"fine"}'; sleep 600`, `unknown outcome "fine"`, patience},
		{"no line", "exit 0", "it ended before it was ready", patience},
		{"too few lines", "echo ready; " + one, "it ended with more attempts to make, after 1", patience},
		{"a line twice", "echo ready; " + strings.Replace(one, "; echo", "; for i in 1 2; do echo", 1) + "done; sleep 600", "attempt 0 ended a second time", patience},
		{"a line that was not asked for", "echo ready; " + strings.Replace(one, "$n", "1$n", 1) + "sleep 600", "attempt 10 was not asked for", patience},
		{"an exit code", "echo ready; " + one + one + "echo over my head >&2; exit 3", `exit status 3; it wrote: "over my head"`, patience},
		{"an exit code in place of an attempt", "echo ready; " + one + "read -r n; echo over my head >&2; exit 3", `exit status 3; it wrote: "over my head"`, patience},
		{"an error after much else", "echo ready; " + one + one + "for i in $(seq 5000); do echo trace $i; done >&2; echo the cause >&2; exit 3", ` trace 4999 trace 5000 the cause"`, patience},
		// Long enough for the shell to write its lines on a busy machine.
		{"a hang before it is ready", "sleep 600 & sleep 600", "it hangs: not ready after 3s", 3 * time.Second},
		{"a hang", "echo ready; " + one + "sleep 600 & sleep 600", "it hangs: no output for 3s, after 1 of 2 attempts", 3 * time.Second},
		{"a hang after the last attempt", "echo ready; " + one + one + "sleep 600 & sleep 600", "it hangs: no output for 3s, after 2 of 2 attempts", 3 * time.Second},
		{"a driver that does not read", "echo ready; sleep 600", "it hangs: no output for 3s, after 0 of 1 attempts", 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			client := drivers.Client{Name: "broken", Command: []string{"/bin/sh", "-c", tt.script}}
			_, err := driveClient(context.Background(), client, driverSpec{
				Folder:   folder,
				Patience: tt.patience,
				Fleet: loadgen.Config{
					Target: loadgen.Target{Addr: netip.MustParseAddrPort("127.0.0.1:1")}, Concurrency: 1, Requests: 2, ReceiveTimeout: time.Second,
				},
			})
			if err == nil || !strings.Contains(err.Error(), tt.why) || !strings.HasPrefix(err.Error(), "the driver of broken: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want: %s", err, tt.why)
			}
			if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if left := childrenIn(t, folder); len(left) > 0 {
				t.Errorf("still running: %v", left)
			}
		})
	}
}

func TestADriverRefusesALaterRequestOfAConnection(t *testing.T) {
	folder := t.TempDir()
	client := drivers.Client{Name: "single", Command: []string{"/bin/sh", "-c", "exit 1"}}
	_, err := driveClient(context.Background(), client, driverSpec{Folder: folder, Patience: time.Minute, Fleet: loadgen.Config{Requests: 1, Nth: 2}})
	if want := "the driver of single makes one request per connection: choose one of the fleet's clients for request 2"; err == nil || err.Error() != want {
		t.Errorf("%v, want: %s", err, want)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// childrenIn lists the processes whose working folder is in a folder, once those
// that are about to end have ended.
func childrenIn(t *testing.T, folder string) (left []string) {
	t.Helper()
	for over := time.Now().Add(5 * time.Second); time.Now().Before(over); time.Sleep(time.Millisecond) {
		left = nil
		links, _ := filepath.Glob("/proc/[0-9]*/cwd")
		for _, link := range links {
			if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, folder) {
				left = append(left, filepath.Dir(link))
			}
		}
		if len(left) == 0 {
			return nil
		}
	}
	return left
}
