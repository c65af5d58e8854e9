package targets

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestAtMostLingerersLingerAndFurtherOnesAreClosedAtOnce(t *testing.T) {
	for _, strategy := range []string{"lingering-close", "drain-until-acked"} {
		t.Run(strategy, func(t *testing.T) {
			const most = 3
			s := start(t, Config{Strategy: strategy, Bounds: Bounds{
				Lingerers: most, LingerIdle: patience, LingerTotal: patience, AckTimeout: patience, QuietFloor: patience,
			}})
			// Each client has its answer and the half-close, and keeps its place.
			var waiting []io.Closer
			for range most {
				c := dial(t, s)
				if got := status(t, c); got != 503 {
					t.Fatalf("status %d", got)
				}
				waiting = append(waiting, c)
			}
			// If this one lingered, it would have no entry while it is open.
			c := dial(t, s)
			if answer, err := io.ReadAll(c); string(answer) != answerText || err != nil {
				t.Fatalf("got %q, %v", answer, err)
			}
			awaitEntries(t, s, 1)
			if e := s.Report().Entries[0]; e.End != endClosed {
				t.Errorf("ended by %v, want %v", e.End, endClosed)
			}
			for _, c := range waiting {
				c.Close()
			}
			report := finish(s)
			if n := len(report.Entries); n != most+1 {
				t.Errorf("%d entries, want %d", n, most+1)
			}
			for _, e := range report.Entries[1:] {
				if e.End != endEOF {
					t.Errorf("one that lingered ended by %v, want %v", e.End, endEOF)
				}
			}
		})
	}
}

// awaitEntries returns once the ledger has at least n entries.
func awaitEntries(t *testing.T, s *Server, n int) {
	t.Helper()
	for over := time.Now().Add(patience); len(s.Report().Entries) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(over) {
			t.Fatalf("%d entries, want %d", len(s.Report().Entries), n)
		}
	}
}

func TestALingererReleasesItsPlace(t *testing.T) {
	s := start(t, Config{Strategy: "lingering-close", Bounds: Bounds{Lingerers: 1, LingerIdle: patience, LingerTotal: patience}})
	for i := range 5 {
		c := dial(t, s)
		status(t, c)
		c.Close()
		awaitEntries(t, s, i+1)
	}
	for _, e := range finish(s).Entries {
		if e.End != endEOF {
			t.Errorf("ended by %v: it did not linger", e.End)
		}
	}
}

func TestAtMostWorkersAreInServiceAtOnce(t *testing.T) {
	const workers, clients, service = 2, 8, 20 * time.Millisecond
	for _, strategy := range []string{"close", "nethttp"} {
		t.Run(strategy, func(t *testing.T) {
			s := start(t, Config{Strategy: strategy, Limit: clients, Workers: workers, ServiceTime: service})
			began := time.Now()
			answers := make(chan string, clients)
			for range clients {
				go func() { answers <- attempt(s, get()) }()
			}
			for range clients {
				if a := <-answers; !strings.HasPrefix(a, "HTTP/1.1 200") {
					t.Errorf("got %q", a)
				}
			}
			// Each turn takes at least the service time, so a slow machine cannot fail this.
			if took := time.Since(began); took < clients/workers*service {
				t.Errorf("%d requests by %d workers took %v, which needs %v", clients, workers, took, clients/workers*service)
			}
		})
	}
}
