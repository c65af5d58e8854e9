package loadgen

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// admits answers n-1 requests of a connection with 200 and reports whether each
// was for AdmittedPath.
func admits(t *testing.T, c *net.TCPConn, nth int) {
	for range nth - 1 {
		var head strings.Builder
		for b := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
			if _, err := c.Read(b); err != nil {
				t.Errorf("%q, then %v", head.String(), err)
				return
			}
			head.Write(b)
		}
		if !strings.HasPrefix(head.String(), "GET "+AdmittedPath+" HTTP/1.1\r\n") {
			t.Errorf("an earlier request is %q", head.String())
		}
		say(c, answer200)
	}
}

// eachOwnClient runs f for every engine and client that can make several requests.
func eachOwnClient(t *testing.T, o order, f func(t *testing.T, e engine, client string)) {
	t.Helper()
	eachClient(t, o, func(t *testing.T, e engine, client string) {
		if c, err := ClientByName(client); err == nil && !c.library {
			f(t, e, client)
		}
	})
}

func TestTheNthRequestHasTheOutcomesOfAFirstOne(t *testing.T) {
	const nth = 3
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			eachOwnClient(t, s.order(), func(t *testing.T, e engine, client string) {
				s.check(t, e, client, server(t, func(c *net.TCPConn) { admits(t, c, nth); s.handle(c, s.body) }), nth)
			})
		})
	}
}

func TestAnAttemptEndsAtAnEarlierRequestThatIsNotAdmitted(t *testing.T) {
	answers := func(text string, then func(*net.TCPConn)) func(*net.TCPConn) {
		return func(c *net.TCPConn) { readHead(c); say(c, text); then(c) }
	}
	ends := func(*net.TCPConn) {}
	waits := untilGone
	closing := strings.Replace(answer200, "\r\n", "\r\nConnection: close\r\n", 1)
	for _, tt := range []struct {
		name   string
		handle func(*net.TCPConn)
		want   results.Outcome
	}{
		{"a 503", answers(keepOpen, waits), results.BadResponse},
		{"a 503 and a reset", answers(answer503, reset), results.BadResponse},
		{"a 503 delimited by the end", answers(untilEnd, ends), results.BadResponse},
		{"a 2xx that ends the connection", answers(closing, ends), results.BadResponse},
		{"a 2xx delimited by the end", answers("HTTP/1.1 200 OK\r\n\r\nyes", ends), results.BadResponse},
		{"answers that nobody asked for", answers(answer200+answer200, waits), results.BadResponse},
		{"garbage", answers(garbage, waits), results.BadResponse},
		{"part of an answer", answers(partOf503, ends), results.Truncated},
		{"part of an answer and a reset", answers(partOf503, reset), results.Truncated},
		{"the end", answers("", ends), results.Closed},
		{"a reset", answers("", reset), results.ResetReceive},
		{"nothing", waits, results.TimeoutReceive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachOwnClient(t, atOnce, func(t *testing.T, e engine, client string) {
				cfg := quick(server(t, tt.handle), client, 3)
				cfg.Nth, cfg.BodyBytes = 3, 1000
				if tt.want == results.TimeoutReceive {
					shortReceive(&cfg)
				}
				r := run(t, e, cfg)
				wantOutcome(t, r, tt.want)
				for _, a := range r.Attempts {
					if a.FirstByte != 0 || a.Earlier != 0 || a.Sent != int64(len(cfg.Target.earlier())) {
						t.Errorf("an attempt that ended at its first request: %+v", a)
					}
				}
			})
		})
	}
}

// A server may reject before it has the request, and its answer then shares a
// segment with the one before.
func TestAnAnswerReadWithTheOneBeforeCountsAtTheClientsRead(t *testing.T) {
	// A client that has its answer before it sends leaves the server waiting for the request.
	endsEarly := func(cfg *Config) { cfg.EndWait = 50 * time.Millisecond }
	for _, s := range []story{
		{
			name: "then an orderly end", body: 1000, want: only(results.Delivered),
			cfg:    endsEarly,
			handle: func(c *net.TCPConn, n int64) { readHead(c); say(c, answer200+answer503); readRequest(c, n) },
		},
		{
			name: "part of it", body: 1000, want: only(results.Delivered),
			handle: func(c *net.TCPConn, n int64) {
				readHead(c)
				say(c, answer200+answer503[:10])
				readRequest(c, n)
				say(c, answer503[10:])
			},
		},
		{
			name: "then a connection that stays open", want: only(results.Delivered),
			handle: func(c *net.TCPConn, n int64) { readHead(c); say(c, answer200+keepOpen); untilGone(c) },
		},
		{
			name: "then a reset over the request", body: bigBody, cfg: endsEarly,
			want: wanted{
				"blocking": {results.ResetSend}, "slow-reader": {results.ResetSend},
				"tolerant": {results.DeliveredThenReset},
				// The client has its answer before or while it sends.
				"duplex": {results.DeliveredThenReset, results.Delivered},
			},
			handle: func(c *net.TCPConn, _ int64) { readHead(c); say(c, answer200+answer503); overtake(c) },
		},
		{
			name: "then nothing over the request", body: bigBody,
			want: wanted{"": {results.TimeoutSend}, "duplex": {results.Delivered}},
			cfg: func(cfg *Config) {
				if cfg.Client != "duplex" { // needs time for the answer
					cfg.SendTimeout = 200 * time.Millisecond
				}
			},
			handle: func(c *net.TCPConn, _ int64) {
				readHead(c)
				say(c, answer200+keepOpen)
				keep(c)
			},
		},
	} {
		t.Run(s.name, func(t *testing.T) {
			eachOwnClient(t, s.order(), func(t *testing.T, e engine, client string) {
				s.check(t, e, client, server(t, func(c *net.TCPConn) { s.handle(c, s.body) }), 2)
			})
		})
	}
}

func TestTheNthRequestsLatencyExcludesEarlierRequests(t *testing.T) {
	const ms = int64(time.Millisecond)
	r := newResult(Config{})
	r.add(&Attempt{Due: ms, Started: ms, Connected: 11 * ms, Earlier: 80 * ms, FirstByte: 101 * ms, End: 111 * ms, Outcome: results.Delivered}, false)
	report, err := r.Report()
	if err != nil {
		t.Fatal(err)
	}
	near := func(got, want float64) bool { return got > want*0.99 && got < want*1.01 }
	if l := report.Latency; !near(l.Connect.Max, 10) || !near(l.Response.Max, 20) || !near(l.End.Max, 30) {
		t.Errorf("%+v", l)
	}
}

func TestAnAttemptRecordsTheTimeOfItsEarlierRequests(t *testing.T) {
	eachOwnClient(t, inTurn, func(t *testing.T, e engine, client string) {
		cfg := quick(server(t, func(c *net.TCPConn) { admits(t, c, 5); readHead(c); say(c, answer503) }), client, 4)
		cfg.Nth = 5
		r := run(t, e, cfg)
		wantOutcome(t, r, results.Delivered)
		for _, a := range r.Attempts {
			if a.Earlier <= 0 || a.Received != int64(4*len(answer200)+len(answer503)) || a.Sent != int64(4*len(cfg.Target.earlier())+len(cfg.Target.request(0))) {
				t.Errorf("%+v", a)
			}
		}
	})
}

func TestAnInvalidNthIsAnError(t *testing.T) {
	addr := server(t, untilGone)
	for _, tt := range []struct {
		client, want string
		nth          int
	}{
		{"nethttp", "client nethttp makes only one request per connection: choose another client for request 2", 2},
		{"blocking", "request -1 of a connection: must be from 1 to 1000", -1},
		{"blocking", "request 1001 of a connection: must be from 1 to 1000", 1001},
	} {
		cfg := quick(addr, tt.client, 1)
		cfg.Nth = tt.nth
		if _, err := Run(t.Context(), cfg); err == nil || err.Error() != "fleet: "+tt.want {
			t.Errorf("request %d: %v, want %s", tt.nth, err, tt.want)
		}
	}
}
