package analysistest

import (
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// scenarioPart is a made-up part of a scenario.
type scenarioPart struct {
	name, shows     string
	lost, n         int64 // lost of n answers; without a cell where n is 0
	invalid, notRun string
	errors          map[string]int64
}

// scenarioRun returns a made-up run of scenarios, in the given order, with one cell per
// part.
func scenarioRun(scenarios map[string][]scenarioPart, order ...string) *results.Run {
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	run := &results.Run{Manifest: results.Manifest{
		Schema: results.Schema, Name: "scenarios", Tool: "rejectbench v0", Go: "go1.26", System: "linux/amd64", Kernel: "6.18.0",
		CPU: "Example CPU", Cores: 2, Started: started, Finished: started.Add(time.Minute), PathKind: "delayline", Seed: 1,
		Strategies: AllStrategies, Clients: AllClients,
	}}
	for _, name := range order {
		s := results.Scenario{
			Name: name, Title: "An answer to a large POST is lost in " + name, Source: "https://example.org/" + name, Date: "2016-10-13",
			Reported: "A POST of 10 MB ends with ECONNRESET, one of 1 MB gets its answer.", Differs: "The server is played by another one.",
		}
		for _, p := range scenarios[name] {
			if p.shows == results.RoleFixed {
				s.Fixed, s.FixedSource = "2.0", "the changes of 2.0"
			}
			s.Parts = append(s.Parts, results.ScenarioPart{Name: p.name, Summary: "what " + p.name + " is", Shows: p.shows, NotRun: p.notRun})
			if p.n == 0 {
				continue
			}
			c := results.Cell{
				Schema: results.Schema, Point: results.Point{Strategy: "read-header", Client: "blocking", Concurrency: 5, BodyBytes: 10_000_000, Scenario: name, Part: p.name},
				Started: started, Attempts: p.n, Rejected: p.n, Delivered: p.n - p.lost, Errors: p.errors,
				Valid: p.invalid == "", InvalidReason: p.invalid, Seconds: 1,
			}
			c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = p.n-p.lost, p.lost
			c.SetShare()
			run.Cells = append(run.Cells, c)
		}
		run.Manifest.Scenarios = append(run.Manifest.Scenarios, s)
	}
	run.Manifest.Planned = len(run.Cells)
	run.Manifest.ClientVersions = map[string]string{"blocking": "1.2"}
	return run
}

// EveryVerdict returns a run with each verdict, for each reason.
func EveryVerdict() *results.Run {
	reset := map[string]int64{"ECONNRESET: read": 26, "EPIPE: write": 7, "<script>": 2, "socket hang up": 1}
	return scenarioRun(map[string][]scenarioPart{
		"lost":        {{name: "it", shows: results.RoleReported, lost: 36, n: 40, errors: reset}, {name: "small", shows: results.RoleControl, n: 40}},
		"mended":      {{name: "it", shows: results.RoleReported, lost: 36, n: 40}, {name: "small", shows: results.RoleControl, n: 40}, {name: "new", shows: results.RoleFixed, n: 40}},
		"half-mended": {{name: "it", shows: results.RoleReported, lost: 36, n: 40}, {name: "new", shows: results.RoleFixed, lost: 1, n: 40}},
		"unmended":    {{name: "it", shows: results.RoleReported, lost: 36, n: 40}, {name: "new", shows: results.RoleFixed, notRun: "new is not installed"}},
		"whole":       {{name: "it", shows: results.RoleReported, lost: 1, n: 40}, {name: "small", shows: results.RoleControl, n: 40}},
		"everywhere":  {{name: "it", shows: results.RoleReported, lost: 36, n: 40}, {name: "small", shows: results.RoleControl, lost: 33, n: 40}},
		"spoilt":      {{name: "it", shows: results.RoleReported, lost: 36, n: 40, invalid: "the path was late"}, {name: "small", shows: results.RoleControl, n: 40}},
		"absent":      {{name: "it", shows: results.RoleReported, lost: 36, n: 40}, {name: "small", shows: results.RoleControl, notRun: "curl is not installed"}},
		"one-round":   {{name: "it", shows: results.RoleReported, lost: 20, n: 40}, {name: "small", shows: results.RoleControl, n: 40}},
		"unfinished":  {{name: "it", shows: results.RoleReported}, {name: "small", shows: results.RoleControl, n: 40}},
	}, "lost", "mended", "half-mended", "unmended", "whole", "everywhere", "spoilt", "absent", "one-round", "unfinished")
}
