package league

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// League is a run of several independent servers under the same clients and
// conditions.
type League struct {
	manifest *results.Manifest
	points   []*analysis.Summary // of these servers in a grid, valid or not
	servers  []string            // name or name:variant, the largest share over common first
	clients  []string            // in the order of the manifest: first those of the fleet
	// conditions are points without server, client and concurrency. Concurrency may
	// depend on the client.
	conditions []results.Point
	fields     map[fieldKey]*analysis.Summary
	// common are the valid points whose client and condition were measured for every
	// server. Servers are ranked over them.
	common []*analysis.Summary
}

// fieldKey names a field: a server, a client and a condition.
type fieldKey struct {
	server, client string
	condition      results.Point
}

// fewestServers is the smallest number of servers in a league.
const fewestServers = 2

// New returns the league of a run; nil if the run is not a league.
func New(study *analysis.Study) *League {
	m, summaries := &study.Run.Manifest, study.Summaries
	if len(m.Servers) < fewestServers {
		return nil
	}
	l := &League{manifest: m, fields: map[fieldKey]*analysis.Summary{}}
	l.points = analysis.Where(summaries, func(s *analysis.Summary) bool { return Contains(m, s) })
	if len(l.points) == 0 {
		return nil
	}
	l.clients = results.NewTermOrder(m.Clients).Sort(analysis.NamesOf(l.points, analysis.ClientOf))
	parts := map[fieldKey][]*analysis.Summary{}
	for _, s := range l.points {
		at := fieldKey{s.Strategy, s.Client, conditionOf(s.Point)}
		parts[at] = append(parts[at], s)
		if !slices.Contains(l.conditions, at.condition) {
			l.conditions = append(l.conditions, at.condition)
		}
	}
	slices.SortStableFunc(l.conditions, func(a, b results.Point) int {
		return cmp.Or(cmp.Compare(a.BodyBytes, b.BodyBytes), cmp.Compare(a.RTTMs, b.RTTMs), results.ComparePoints(&a, &b, nil))
	})
	for at, of := range parts {
		l.fields[at] = oneField(of)
	}
	l.common = analysis.SameConditions(analysis.Where(l.points, (*analysis.Summary).HasShare))
	l.servers = results.NewTermOrder(m.Strategies).Sort(analysis.NamesOf(l.points, analysis.StrategyOf))
	slices.SortStableFunc(l.servers, func(a, b string) int {
		x, y := l.overall(a), l.overall(b)
		return cmp.Or(cmp.Compare(min(y.Rejected, 1), min(x.Rejected, 1)), cmp.Compare(y.Delivered.Value, x.Delivered.Value))
	})
	return l
}

// Contains reports whether a point belongs to a league: its server has a version in the
// manifest, and it is in no scenario.
func Contains(m *results.Manifest, s *analysis.Summary) bool {
	_, other := m.Servers[results.Program(s.Strategy)]
	return other && s.Scenario == ""
}

// notConditions are the coordinates that a condition does not have. Concurrency may
// depend on the client.
var notConditions = []string{"strategy", "client", "concurrency"}

func conditionOf(p results.Point) results.Point {
	return p.Without(notConditions...)
}

// oneField pools the points of one field, which differ only in concurrency.
func oneField(parts []*analysis.Summary) *analysis.Summary {
	if len(parts) == 1 {
		return parts[0]
	}
	all := analysis.Pool(analysis.Where(parts, (*analysis.Summary).Valid))
	for _, s := range parts {
		all.Invalid = append(all.Invalid, s.Invalid...)
	}
	return all
}

// field returns the summary of a server with a client under a condition; nil if
// it was not measured.
func (l *League) field(server, client string, condition results.Point) *analysis.Summary {
	return l.fields[fieldKey{server, client, condition}]
}

// share is the delivered share of a field. It is not known without a valid cell.
func (l *League) share(server, client string, condition results.Point) stats.Share {
	if s := l.field(server, client, condition); s != nil && s.HasShare() {
		return s.Delivered
	}
	return stats.Share{}
}

// of returns a server's points with a known share. An empty client means all clients.
func (l *League) of(server, client string) []*analysis.Summary {
	return analysis.Where(l.points, func(s *analysis.Summary) bool {
		return s.HasShare() && s.Strategy == server && (client == "" || s.Client == client)
	})
}

// overall pools a server over the conditions common to all.
func (l *League) overall(server string) *analysis.Summary {
	return analysis.Pool(analysis.OfStrategy(l.common, server))
}

// comparedShare is a server's share to one client over the conditions common to all
// servers that were measured under that client.
func (l *League) comparedShare(server, client string) stats.Share {
	same := analysis.SameConditionsFor(analysis.Where(l.points, func(s *analysis.Summary) bool { return s.HasShare() && s.Client == client }), analysis.StrategyOf, "strategy")
	return analysis.Pool(analysis.OfStrategy(same, server)).Delivered
}

// version is the version of a server's program.
func (l *League) version(server string) string {
	return l.manifest.Servers[results.Program(server)]
}

// label names a server with its version, and its variant where it has one.
func (l *League) label(server string) string {
	name, variant, _ := strings.Cut(server, ":")
	text := strings.TrimSpace(name + " " + l.manifest.Servers[name])
	if variant != "" {
		text += " (" + variant + ")"
	}
	return text
}

func (l *League) labels(servers []string) []string {
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = l.label(s)
	}
	return names
}

// setting is how the server was configured to reject, as the catalogue describes it.
func (l *League) setting(server string) string {
	for _, t := range l.manifest.Strategies {
		if t.Name == server {
			_, means, found := strings.Cut(t.Summary, ": ")
			if !found {
				means = t.Summary
			}
			return means
		}
	}
	return ""
}

// fleet tells whether a client is a behaviour of the fleet, not a library.
func (l *League) fleet(client string) bool {
	_, library := l.manifest.ClientVersions[client]
	return !library
}

// referenceClient returns the client whose response times are used to compare servers.
// Clients start their clocks at different times, so only one client is used: the client
// of the fleet that reads earliest.
func (l *League) referenceClient() string {
	for _, name := range []string{"duplex", "blocking"} {
		if slices.Contains(l.clients, name) {
			return name
		}
	}
	if i := slices.IndexFunc(l.clients, l.fleet); i >= 0 {
		return l.clients[i]
	}
	return l.clients[0]
}

// conditionText names a condition by its round trip, its body and its other settings.
func conditionText(p results.Point) string { return p.Phrases(notConditions...) }
