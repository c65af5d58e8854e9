package cell

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
)

// A driver that ends its attempts in any order, at any moment, is played here.
func TestEveryAttemptIsStartedOnceWithinTheSlots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := rapid.SampledFrom([]loadgen.Config{
			{Arrivals: results.ClosedArrivals}, {Arrivals: results.EvenArrivals, Rate: 1e4}, {Arrivals: results.PoissonArrivals, Rate: 1e5},
			{Arrivals: results.SpreadArrivals, Rate: 1e4}, {Arrivals: results.SpreadArrivals}, {Arrivals: results.SpreadArrivals, Expected: time.Millisecond},
		}).Draw(t, "schedule")
		cfg.Concurrency, cfg.Requests, cfg.Seed = rapid.IntRange(1, 5).Draw(t, "concurrency"), rapid.Int64Range(1, 40).Draw(t, "requests"), rapid.Uint64().Draw(t, "seed")
		pacer := loadgen.NewPacer(cfg)
		slots := pacer.Slots()
		c := newConductor(pacer)
		in, toDriver := io.Pipe()
		c.ready()
		var starting sync.WaitGroup
		starting.Go(func() { c.start(context.Background(), toDriver) })
		lines := make(chan int64)
		go func() {
			defer close(lines)
			for read := bufio.NewScanner(in); read.Scan(); {
				n, err := strconv.ParseInt(read.Text(), 10, 64)
				if err != nil {
					n = -1
				}
				lines <- n
			}
		}()
		var inFlight []int64
		var next int64
		endOne := func() {
			i := rapid.IntRange(0, len(inFlight)-1).Draw(t, "which")
			// The driver's clock and durations may be any.
			a := drivers.AttemptLine{
				Index: inFlight[i], Started: time.Now().Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "clock"))),
				End: time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "end")),
			}
			inFlight = slices.Delete(inFlight, i, i+1)
			if err := c.ended(a); err != nil {
				t.Fatal(err)
			}
		}
		for open := true; open || len(inFlight) > 0; {
			if len(inFlight) > 0 && (!open || len(inFlight) == slots || rapid.Bool().Draw(t, "end one")) {
				endOne()
				continue
			}
			var n int64
			wait := time.Hour
			if len(inFlight) > 0 {
				wait = time.Millisecond // the schedule may wait for the end of an attempt
			}
			select {
			case n, open = <-lines:
			case <-time.After(wait):
				endOne()
				continue
			}
			if !open {
				continue
			}
			if n != next {
				t.Fatalf("line %d, want %d", n, next)
			}
			next++
			if inFlight = append(inFlight, n); len(inFlight) > slots {
				t.Fatalf("%d attempts in flight, at most %d may be", len(inFlight), slots)
			}
		}
		starting.Wait()
		if err := c.result(nil, nil, nil); err != nil || next != cfg.Requests || int64(len(c.driven.attempts)) != cfg.Requests {
			t.Fatalf("%d of %d attempts started, %d ended: %v", next, cfg.Requests, len(c.driven.attempts), err)
		}
		slices.SortFunc(c.driven.attempts, func(a, b drivenAttempt) int { return int(a.Index - b.Index) })
		for i, a := range c.driven.attempts {
			if written := c.lines[i].written; a.due > written || a.started < written {
				t.Errorf("attempt %d was due at %v, written at %v and started at %v", i, a.due, written, a.started)
			}
			if due := time.Duration(float64(i) * 1e9 / cfg.Rate); cfg.Arrivals == results.EvenArrivals && (a.due-due).Abs() > 1 {
				t.Errorf("attempt %d was due at %v, want %v", i, a.due, due)
			}
		}
	})
}

func TestAClockThatIsSetMovesNoStartOutOfItsBounds(t *testing.T) {
	c := newConductor(loadgen.NewPacer(loadgen.Config{Concurrency: 3, Requests: 3}))
	c.ready()
	for range 3 {
		if wait, ok := c.take(); wait > 0 || !ok {
			t.Fatalf("wait %v, %v", wait, ok)
		}
		c.slots <- struct{}{}
	}
	const end = 2 * time.Millisecond
	time.Sleep(10 * end)
	real := time.Now().Add(-4 * end)
	for i, started := range []time.Time{real.Add(-time.Hour), real, real.Add(time.Hour)} {
		if err := c.ended(drivers.AttemptLine{Index: int64(i), Started: started.Round(0), End: end}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Since(c.epoch)
	early, right, late := c.driven.attempts[0], c.driven.attempts[1], c.driven.attempts[2]
	if early.started != c.lines[0].written {
		t.Errorf("started at %v, and its line was written at %v", early.started, c.lines[0].written)
	}
	if off := right.started - real.Sub(c.epoch); off.Abs() > time.Microsecond {
		t.Errorf("%v off", off)
	}
	if late.started <= right.started || late.started > now-end {
		t.Errorf("started at %v, and took %v until %v", late.started, end, now)
	}
}

func TestADriverWithNothingToDoDoesNotHang(t *testing.T) {
	c := newConductor(loadgen.NewPacer(loadgen.Config{Concurrency: 1, Requests: 2, Rate: 1}))
	const patience = 10 * time.Millisecond
	if left, err := c.patienceLeft(time.Hour); err != nil || left > time.Hour {
		t.Errorf("%v, %v", left, err)
	}
	c.ready()
	time.Sleep(2 * patience)
	if _, err := c.patienceLeft(patience); err != nil {
		t.Errorf("before the first attempt: %v", err)
	}
	if _, ok := c.take(); !ok {
		t.Fatal("no attempt")
	}
	c.slots <- struct{}{}
	if _, err := c.patienceLeft(time.Hour); err != nil {
		t.Errorf("with an attempt that has just begun: %v", err)
	}
	time.Sleep(2 * patience)
	if _, err := c.patienceLeft(patience); err == nil {
		t.Error("an attempt in flight for longer than the patience")
	}
	if err := c.ended(drivers.AttemptLine{Started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * patience)
	if _, err := c.patienceLeft(patience); err != nil {
		t.Errorf("between two attempts: %v", err)
	}
}

// The server holds connections, so that an attempt in flight stays in flight.
func TestADriverHasAsManyAttemptsInFlightAsLinesWereWritten(t *testing.T) {
	for _, tt := range []struct {
		arrivals    string
		concurrency int
		rate        float64
	}{
		{results.EvenArrivals, 6, 500}, {results.EvenArrivals, 3, 500}, {results.PoissonArrivals, 6, 500}, {results.ClosedArrivals, 3, 0},
		{results.SpreadArrivals, 3, 500}, {results.SpreadArrivals, 6, 0}, {results.SpreadArrivals, 1, 0},
	} {
		t.Run(fmt.Sprintf("%s at %g a second, concurrency %d", tt.arrivals, tt.rate, tt.concurrency), func(t *testing.T) {
			const requests = 6
			l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			served := make(chan error, 1)
			client, ok := drivers.ByName("go-nethttp")
			if !ok {
				t.Fatal("no client")
			}
			fleet := loadgen.Config{
				Target: loadgen.Target{Addr: netip.MustParseAddrPort(l.Addr().String())}, Concurrency: tt.concurrency, Requests: requests,
				Arrivals: tt.arrivals, Rate: tt.rate, Expected: time.Millisecond, ReceiveTimeout: time.Minute,
			}
			go func() { served <- holdAndRelease(l, requests, min(requests, loadgen.NewPacer(fleet).Slots())) }()
			driven, err := driveClient(context.Background(), client, driverSpec{Fleet: fleet, Folder: t.TempDir(), Patience: patience})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
			report, err := driverReport(fleet, driven)
			if err != nil {
				t.Fatal(err)
			}
			if report.Counts[results.Delivered] != requests || report.Seconds <= 0 || len(report.Problems()) > 0 {
				t.Errorf("%+v", report)
			}
			for i, a := range report.Attempts {
				if a.Started < a.Due || a.FirstByte < a.Started || a.End < a.FirstByte || i > 0 && a.End < report.Attempts[i-1].End || tt.arrivals == results.ClosedArrivals && a.Due != a.Started {
					t.Errorf("attempt %d: %+v", i, a)
				}
			}
			slices.SortFunc(driven.attempts, func(a, b drivenAttempt) int { return int(a.Index - b.Index) })
			for i, a := range driven.attempts {
				if want := time.Duration(float64(i) * 1e9 / tt.rate); tt.arrivals == results.EvenArrivals && a.due != want {
					t.Errorf("attempt %d was due at %v, want %v", i, a.due, want)
				}
			}
		})
	}
}

// holdAndRelease accepts connections until as many as may be in flight are open. Then
// it answers the oldest, and so on. It returns an error if one more was open.
func holdAndRelease(l *net.TCPListener, requests, most int) error {
	var held []net.Conn
	for accepted := 0; accepted < requests || len(held) > 0; {
		if accepted < requests && len(held) < most {
			if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
				return err
			}
			conn, err := l.AcceptTCP()
			if err != nil {
				return fmt.Errorf("%d of %d in flight: %w", len(held), most, err)
			}
			held = append(held, conn)
			accepted++
			continue
		}
		if err := l.SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			return err
		}
		if _, err := l.AcceptTCP(); err == nil {
			return fmt.Errorf("%d in flight", len(held)+1)
		}
		conn := held[0]
		held = held[1:]
		_, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil {
			_, err = io.WriteString(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}
		if err != nil {
			return err
		}
		conn.Close()
	}
	return nil
}
