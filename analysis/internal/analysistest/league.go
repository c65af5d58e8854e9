package analysistest

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// leagueServers are made-up servers. Each rejects like a strategy of the reference server.
var leagueServers = []struct{ name, version, summary, as string }{
	{"nginx", "1.22.1", "nginx 1.22.1: return 503, and lingering_close as it is by default (on)", "lingering-close"},
	{"nginx:lingering_close=off", "1.22.1", "nginx 1.22.1: return 503, and close at once", "read-header"},
	{"h2o", "2.2.5", "H2O 2.2.5: a mruby handler that answers 503", "close"},
	{"node", "20.20.2", "Node.js, its http module 20.20.2: writeHead(503) and end() at once, the body unread", "shutdown"},
	{"varnish", "7.1.1", "Varnish Cache 7.1.1: return (synth(503))", "read-request"},
}

// LeagueRun returns a made-up run of several servers with client behaviours and library
// clients: python-http is like blocking, curl like duplex, java-http in between.
func LeagueRun(t testing.TB) *results.Run {
	t.Helper()
	g := SmallGrid()
	g.Strategies, g.Clients = nil, []string{"blocking", "duplex", "curl", "java-http", "python-http"}
	g.rtts, g.bodies, g.concurrencies, g.Rounds, g.Attempts = []float64{20, 100}, []int64{0, 100_000, 1_000_000}, []int{5}, 1, 40
	for _, s := range leagueServers {
		g.Strategies = append(g.Strategies, s.as)
	}
	return asLeague(Synthetic(t, g))
}

// asLeague replaces strategies by servers, and removes what a server without a ledger
// does not record.
func asLeague(run *results.Run) *results.Run {
	m := &run.Manifest
	m.Servers = map[string]string{}
	m.ClientVersions = map[string]string{"curl": "7.88.1", "java-http": "17.0.15", "python-http": "3.11.2"}
	for _, name := range []string{"curl", "java-http", "python-http"} {
		m.Clients = append(m.Clients, results.Term{Name: name, Summary: name + " (" + m.ClientVersions[name] + ")"})
	}
	of := map[string]string{}
	for _, s := range leagueServers {
		program := results.Program(s.name)
		m.Servers[program], of[s.as] = s.version, s.name
		m.Strategies = append(m.Strategies, results.Term{Name: s.name, Summary: s.summary})
	}
	measured := map[results.Point]results.Cell{}
	for _, c := range run.Cells {
		measured[c.Point.Key()] = c
	}
	for i := range run.Cells {
		c := &run.Cells[i]
		model := map[string]string{"python-http": "blocking", "curl": "duplex", "java-http": "blocking"}[c.Client]
		if model != "" && (c.Client != "java-http" || c.BodyBytes > 500_000) {
			p := c.Point.Key()
			p.Client = model
			same := measured[p]
			c.Outcomes, c.Rejected, c.Delivered, c.Histograms, c.LatencyMs = same.Outcomes, same.Rejected, same.Delivered, same.Histograms, same.LatencyMs
		}
		c.Strategy = of[c.Strategy]
		c.Ledger, c.Server = results.Ledger{}, results.Server{CPUUsPerRejection: c.Server.CPUUsPerRejection}
	}
	return run
}

// SpoilField makes the cells of one server, client, round trip and body invalid.
func SpoilField(run *results.Run, server, client string, rtt float64, body int64) {
	for i := range run.Cells {
		c := &run.Cells[i]
		if c.Strategy == server && c.Client == client && c.RTTMs == rtt && c.BodyBytes == body {
			c.Valid, c.InvalidReason = false, "path late: p99 2.9 ms"
		}
	}
}

// ServerRun returns a run of two servers, first and second, with the given cells.
func ServerRun(cells ...results.Cell) *results.Run {
	return &results.Run{Cells: cells, Manifest: results.Manifest{
		Servers:        map[string]string{"first": "1.0", "second": "2.0"},
		ClientVersions: map[string]string{"curl": "7", "python-http": "3"},
		Clients:        []results.Term{{Name: "blocking"}, {Name: "duplex"}, {Name: "curl"}, {Name: "python-http"}},
	}}
}
