package analysistest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// Grid is the plan of a synthetic run.
type Grid struct {
	Strategies, Clients []string
	rtts                []float64
	bodies              []int64
	concurrencies       []int
	Losses              []float64
	limits              []int
	rates               []float64
	nth                 []int
	Rounds              int
	Attempts            int64
	Blind               bool // whether the path keeps no record
}

// AllStrategies is the vocabulary of strategies in synthetic runs.
var AllStrategies = []results.Term{
	{Name: "linger-zero", Summary: "503, SO_LINGER 0, close"},
	{Name: "close", Summary: "503, close"},
	{Name: "shutdown", Summary: "503, shutdown(WR), close"},
	{Name: "read-header", Summary: "read to the end of the header, 503, close"},
	{Name: "read-request", Summary: "read header and body, 503, close"},
	{Name: "lingering-close", Summary: "503, shutdown(WR), discard until end-of-file, a byte limit or a time limit, close"},
	{Name: "wait-acked", Summary: "503, shutdown(WR), close once the peer's kernel acknowledged the FIN"},
	{Name: "drain-until-acked", Summary: "as wait-acked, but discards input meanwhile and until it has been quiet for a round trip"},
	{Name: "drain-available", Summary: "503, shutdown(WR), discard what is already there without blocking, close"},
	{Name: "delayed-close", Summary: "503, shutdown(WR), wait a fixed time without reading, close"},
	{Name: "defer-accept", Summary: "TCP_DEFER_ACCEPT on the listener, then as drain-available"},
	{Name: "backlog", Summary: "do not accept above the limit"},
	{Name: "nethttp", Summary: "Go's net/http server with a limiting handler"},
}

// AllClients is the vocabulary of client behaviours in synthetic runs.
var AllClients = []results.Term{
	{Name: "blocking", Summary: "sends the whole request, then reads; a failed send ends the attempt"},
	{Name: "tolerant", Summary: "as blocking, but reads what is there after a failed send"},
	{Name: "duplex", Summary: "reads while it sends, and stops sending once the answer is whole"},
	{Name: "slow-reader", Summary: "as blocking, but waits before it reads"},
	{Name: "nethttp", Summary: "Go's own net/http client"},
}

// FullGrid is the plan of a run of realistic size.
func FullGrid() Grid {
	g := Grid{
		Clients: []string{"blocking", "duplex", "nethttp"}, rtts: []float64{0, 20, 50, 200},
		bodies: []int64{0, 64 << 10, 1 << 20}, concurrencies: []int{100}, Losses: []float64{0}, Rounds: 2, Attempts: 1000,
	}
	for _, s := range AllStrategies {
		g.Strategies = append(g.Strategies, s.Name)
	}
	return g
}

// SmallGrid is the plan of a run that is small enough for a readable golden file.
func SmallGrid() Grid {
	return Grid{
		Strategies: []string{"close", "linger-zero", "shutdown", "lingering-close", "wait-acked", "backlog"},
		Clients:    []string{"blocking", "duplex"}, rtts: []float64{0, 50},
		bodies: []int64{0, 1 << 20}, concurrencies: []int{100}, Losses: []float64{0}, Rounds: 3, Attempts: 400,
	}
}

// TinyGrid is the plan of a run of a few points.
func TinyGrid() Grid {
	g := SmallGrid()
	g.Strategies, g.bodies, g.Rounds, g.Attempts = []string{"close", "lingering-close"}, []int64{1 << 20}, 2, 200
	return g
}

// SingleGrid is the plan of a run of one point.
func SingleGrid() Grid {
	g := SmallGrid()
	g.Strategies, g.Clients, g.rtts, g.bodies = []string{"close"}, g.Clients[:1], []float64{50}, []int64{1 << 20}
	return g
}

// AxisGrid is the plan of a run that varies one numeric coordinate, and the texts of
// its values.
func AxisGrid(t testing.TB, coordinate string) (g Grid, values []string) {
	t.Helper()
	g = TinyGrid()
	g.rtts, g.Clients = []float64{50}, []string{"blocking"}
	switch coordinate {
	case "rtt":
		g.rtts = []float64{0, 20, 200}
		return g, []string{"0", "20", "200"}
	case "concurrency":
		g.concurrencies = []int{5, 20, 100, 300}
		return g, []string{"5", "20", "100", "300"}
	case "body":
		g.bodies = []int64{0, 64 << 10, 1 << 20}
		return g, []string{"0 B", "64 KiB", "1 MiB"}
	case "loss":
		g.Losses = []float64{0, 0.01, 0.05}
		return g, []string{"0", "1", "5"}
	case "limit":
		g.limits = []int{0, 10, 50}
		return g, []string{"0", "10", "50"}
	case "rate":
		g.rates = []float64{100, 500, 2000}
		return g, []string{"100", "500", "2000"}
	case "nth_request":
		g.nth = []int{1, 2, 5}
		return g, []string{"1", "2", "5"}
	}
	t.Fatalf("no grid varies %s: add one", coordinate)
	return g, nil
}

// Synthetic makes up a run from a fixed seed. Its shape follows real runs; its figures
// are made up.
func Synthetic(t testing.TB, g Grid) *results.Run {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	run := &results.Run{Manifest: results.Manifest{
		Schema: results.Schema, Name: "synthetic", Tool: "rejectbench v0", Go: "go1.26", System: "linux/amd64", Kernel: "6.18.0",
		CPU: "Example CPU", Cores: 2, Started: started, Finished: started.Add(20 * time.Minute),
		TCP:      map[string]string{"tcp_congestion_control": "bbr", "tcp_rmem": "4096 131072 33554432", "tcp_wmem": "4096 16384 4194304"},
		PathKind: "delayline", Seed: 1, Options: map[string]string{"strategy": "all", "rounds": "2", "path": "auto"},
		Strategies: AllStrategies, Clients: AllClients,
	}}
	for round := range g.Rounds {
		for _, point := range g.points() {
			c := results.Cell{Schema: results.Schema, Point: point, Round: round, Started: started.Add(time.Duration(len(run.Cells)) * time.Second)}
			fill(t, rng, &c, g.Attempts)
			if !g.Blind {
				c.Wire = wireRecord(c)
			}
			run.Cells = append(run.Cells, c)
		}
	}
	run.Manifest.Planned = len(run.Cells)
	return run
}

// points returns the points of the grid.
func (g Grid) points() []results.Point {
	// Each coordinate multiplies the points, the first one varies slowest.
	points := []results.Point{{}}
	points = cross(points, g.Strategies, func(p *results.Point, v string) { p.Strategy = v })
	points = cross(points, g.Clients, func(p *results.Point, v string) { p.Client = v })
	points = cross(points, g.rtts, func(p *results.Point, v float64) { p.RTTMs = v })
	points = cross(points, g.bodies, func(p *results.Point, v int64) { p.BodyBytes = v })
	points = cross(points, g.concurrencies, func(p *results.Point, v int) { p.Concurrency = v })
	points = cross(points, g.Losses, func(p *results.Point, v float64) { p.Loss = v })
	points = cross(points, orZero(g.limits), func(p *results.Point, v int) { p.Limit = v })
	points = cross(points, orZero(g.rates), func(p *results.Point, v float64) { p.Rate = v })
	points = cross(points, orZero(g.nth), func(p *results.Point, v int) { p.NthRequest = v })
	return points
}

// orZero returns the values, or the zero value where there are none.
func orZero[T any](values []T) []T {
	if len(values) == 0 {
		return make([]T, 1)
	}
	return values
}

// cross returns each point with each value.
func cross[T any](points []results.Point, values []T, set func(*results.Point, T)) []results.Point {
	var all []results.Point
	for _, p := range points {
		for _, v := range values {
			set(&p, v)
			all = append(all, p)
		}
	}
	return all
}

// fragile maps strategies that can lose an answer to the weight of their risk, 0 to 1.
var fragile = map[string]float64{
	"linger-zero": 1, "close": 0.9, "shutdown": 0.95, "read-header": 0.85, "drain-available": 0.6, "defer-accept": 0.5, "wait-acked": 0.3,
}

// fill makes up the figures of a cell.
func fill(t testing.TB, rng *rand.Rand, c *results.Cell, attempts int64) {
	t.Helper()
	c.Attempts, c.Valid, c.Seconds = attempts, true, 10
	c.TCP = map[string]int64{}
	for _, info := range results.Counters {
		c.TCP[info.Name] = 0
	}
	c.Path = results.Path{Kind: "delayline", LateMs: results.Percentiles{Count: attempts * 8, Mean: 0.1, P50: 0.05, P90: 0.2, P99: 0.6, P999: 1.1, Max: 2}}
	c.HandshakeMs = results.Percentiles{Count: attempts, Mean: c.RTTMs + 0.1, P50: c.RTTMs + 0.1, P90: c.RTTMs + 0.2, P99: c.RTTMs + 0.4, P999: c.RTTMs + 0.7, Max: c.RTTMs + 1}
	if c.Strategy == "backlog" {
		c.Outcomes[results.TimeoutReceive] = attempts - attempts/10
		c.Outcomes[results.TimeoutConnect] = attempts / 10
		c.Ledger.Matched = 0
		c.Histograms = map[string]string{"end/timeout-receive": histogram(t, rng, attempts-attempts/10, 5000, 1)}
		return
	}
	// A limit admits more the larger it is; the others are rejected.
	admitted := min(int64(c.Limit), attempts/2)
	attempts -= admitted
	risk := 0.0
	readsLate := c.Client == "blocking" || c.Client == "nethttp"
	if readsLate {
		risk = fragile[c.Strategy] * 0.9 * (1 - math.Exp(-float64(c.BodyBytes)/(200<<10))) * (0.02 + 0.98*(1-math.Exp(-c.RTTMs/30)))
	}
	if c.Client == "nethttp" {
		risk = risk*0.8 + 0.002
	}
	var lost int64
	for range attempts {
		if rng.Float64() < risk {
			lost++
		}
	}
	whole := attempts - lost
	after := int64(float64(whole) * fragile[c.Strategy] * 0.7)
	c.Outcomes[results.Delivered], c.Outcomes[results.DeliveredThenReset] = whole-after, after
	c.Outcomes[results.Admitted] = admitted
	if c.Strategy == "shutdown" {
		c.Outcomes[results.BrokenPipe], c.Outcomes[results.ResetSend] = lost-lost/5, lost/5
	} else {
		c.Outcomes[results.ResetSend], c.Outcomes[results.ResetReceive] = lost-lost/6, lost/6
	}
	c.Rejected, c.Delivered = attempts, whole
	c.UnreadAtReset = after / 3
	c.SetShare()
	resets := lost + after
	onClose := resets / 10
	if c.Strategy == "close" || c.Strategy == "read-header" {
		onClose = resets - resets/10
	}
	c.TCP[results.AbortOnClose], c.TCP[results.AbortOnData], c.TCP["OutRsts"] = onClose, resets-onClose, resets
	hold := map[string]float64{"lingering-close": 1.6, "wait-acked": 1.05, "drain-until-acked": 2.1, "read-request": 1.2}[c.Strategy]*c.RTTMs + 0.05 + 0.05*rng.Float64()
	if c.Strategy == "delayed-close" || c.Strategy == "nethttp" {
		hold = 500 + rng.Float64()
	}
	c.Server = results.Server{
		Accepted: attempts + admitted, Rejected: attempts, CPUUsPerRejection: 30 + hold/20 + 5*rng.Float64(), PeakOpen: c.Concurrency,
		HoldMs: results.Percentiles{Count: attempts, Mean: hold, P50: hold, P90: hold * 1.1, P99: hold * 1.3, P999: hold * 1.6, Max: hold * 2},
	}
	c.Ledger.Matched = attempts + admitted
	base := 2*c.RTTMs + 0.3
	c.Histograms = map[string]string{
		"response/delivered": histogram(t, rng, whole-after, base, 0.2), "response/delivered-then-reset": histogram(t, rng, after, base, 0.3),
		"end/delivered": histogram(t, rng, whole-after, base*1.5, 0.2), "end/reset-send": histogram(t, rng, lost+after, base, 0.4),
	}
	if admitted > 0 {
		c.Histograms["end/admitted"] = histogram(t, rng, admitted, base*3, 0.2)
	}
	c.LatencyMs.Response = results.Percentiles{Count: whole, Mean: base, P50: base, P90: base * 1.5, P99: base * 2, P999: base * 3, Max: base * 4}
	c.LatencyMs.End = c.LatencyMs.Response
	c.LatencyMs.End.Count = attempts
}

// wireRecord makes up the path's record of a cell: on a path with loss a tenth of the
// lost answers were lost there; all others arrived.
func wireRecord(c results.Cell) *results.Wire {
	lost := c.Rejected - c.Delivered
	onPath := int64(0)
	if c.Loss > 0 {
		onPath = lost / 10
	}
	late := results.LateData
	if c.Strategy == "linger-zero" {
		late = results.LingerZero
	}
	unread, resets := c.TCP[results.AbortOnClose], c.TCP["OutRsts"]
	w := &results.Wire{
		Packets: 8 * c.Attempts, Connections: c.Attempts, Rejections: c.Rejected,
		Resets: map[string]int64{}, ResetsSent: resets,
		Fates: map[string]int64{}, FateOutcomes: map[string]map[string]int64{},
		Retransmitted: int64(c.Loss * float64(c.Rejected)),
		Agreement:     results.WireAgreement{Wire: c.Attempts, Fleet: c.Attempts, Server: c.Rejected, Agreed: c.Rejected, NeverAccepted: c.Attempts - c.Rejected},
	}
	for _, cause := range results.ResetCauses {
		w.Resets[cause.Name] = 0
	}
	w.Resets[results.UnreadData.String()], w.Resets[late.String()] = unread, resets-unread
	w.Resets[results.NoReset.String()] = c.Attempts - resets
	for _, fate := range results.Fates {
		w.Fates[fate.Name] = 0
	}
	w.Fates[results.Read.String()] = c.Delivered
	w.Fates[results.LostOnPath.String()], w.Fates[results.ArrivedNotRead.String()] = onPath, lost-onPath
	if resets > 0 {
		ms := c.RTTMs + 0.1
		w.AnswerToResetMs = results.Percentiles{Count: resets, Mean: ms, P50: ms, P90: ms * 1.1, P99: ms * 1.2, P999: ms * 1.3, Max: ms * 1.4}
	}
	if c.Rejected > 0 {
		b := float64(c.BodyBytes) / 4
		w.BytesAfterAnswer = results.Percentiles{Count: c.Rejected, Mean: b, P50: b, P90: 2 * b, P99: 3 * b, P999: 3 * b, Max: 3 * b}
		w.BytesAfterArrival = results.Percentiles{Count: c.Rejected, Mean: b / 2, P50: b / 2, P90: b, P99: b, P999: b, Max: b}
	}
	return w
}

// histogram returns an encoded histogram of n log-normal values from ms up.
func histogram(t testing.TB, rng *rand.Rand, n int64, ms, spread float64) string {
	t.Helper()
	h := results.NewHistogram()
	for range n {
		results.Record(h, int64(ms*math.Exp(spread*math.Abs(rng.NormFloat64()))*1e6))
	}
	text, err := results.EncodeHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Flawed adds flaws of real runs: a try that was repeated, a round without a valid try,
// a point without a valid round, and ledgers that disagree.
func Flawed(run *results.Run) *results.Run {
	spoil := func(c results.Cell, try int, reason string) results.Cell {
		c.Valid, c.InvalidReason, c.Try = false, reason, try
		return c
	}
	repeated := run.Cells[0]
	run.Cells[0].Try = 1
	run.Cells = append(run.Cells, spoil(repeated, 0, "path late: p99 2.9 ms"))
	last := len(run.Cells) - 2
	run.Cells = append(run.Cells, spoil(run.Cells[last], 1, "fleet behind its schedule: 12% of attempts not started"))
	run.Cells[last] = spoil(run.Cells[last], 0, "path late: p99 3.1 ms")
	invalid := run.Cells[1].Point.Key()
	for i, c := range run.Cells {
		if c.Point.Key() == invalid {
			run.Cells[i] = spoil(c, 0, "handshake off the asked round trip: median 58.1 ms for 50 ms")
		}
	}
	run.Cells[2].Ledger = results.Ledger{Matched: 398, FleetOnly: 2, ServerOnly: 1}
	if w := run.Cells[len(run.Cells)-1].Wire; w != nil {
		doubtful := *w
		doubtful.Agreement.Agreed, doubtful.Agreement.Disagreed = doubtful.Agreement.Agreed-1, 1
		doubtful.Agreement.Disagreements = []results.WireDisagreement{{
			ClientPort: 40001, What: "the fleet read more than arrived",
			Wire: "210 bytes of request left and 210 arrived", Fleet: "delivered, 210 bytes sent, 138 read",
		}}
		run.Cells[len(run.Cells)-1].Wire = &doubtful
	}
	return run
}
