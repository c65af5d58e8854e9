package drivers

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// The server holds every connection until the last is there, so that all attempts
// are in flight at once. The lines come one at a time and several together.
func TestEveryDriverStartsAnAttemptForEachLineAtOnce(t *testing.T) {
	bunches := []int{1, 1, 3, 1, 2}
	all := 0
	for _, n := range bunches {
		all += n
	}
	for _, c := range Clients() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			installed(t, c)
			l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			var held []*net.TCPConn
			var serving sync.WaitGroup
			var written []time.Time // of the start lines
			starts := func(in io.WriteCloser) {
				for _, n := range bunches {
					for range n {
						written = append(written, time.Now())
						if err := WriteStart(in, int64(len(written)-1)); err != nil {
							t.Error(err)
							return
						}
					}
					for len(held) < len(written) {
						if err := l.SetDeadline(time.Now().Add(time.Minute)); err != nil {
							t.Error(err)
							return
						}
						conn, err := l.AcceptTCP()
						if err != nil {
							t.Errorf("%d of %d attempts in flight: %v", len(held), len(written), err)
							break
						}
						held = append(held, conn)
					}
				}
				// The attempts in flight have to end after the input's end.
				if err := in.Close(); err != nil {
					t.Error(err)
				}
				for _, conn := range held {
					serving.Go(func() { says(whole503)(conn) })
				}
			}
			ended := map[int64]AttemptLine{}
			job := Job{URL: "http://" + l.Addr().String() + "/", Concurrency: all, Requests: int64(all), Timeout: 2 * time.Minute}
			runDriver(t, c, job, starts, func(_ io.WriteCloser, a AttemptLine) error {
				if _, twice := ended[a.Index]; twice || a.Index >= int64(all) {
					return errors.New("an attempt that no line asked for")
				}
				ended[a.Index] = a
				return nil
			})
			serving.Wait()
			if len(ended) != all || len(held) != all {
				t.Fatalf("%d lines, %d connections at once, %d attempts", all, len(held), len(ended))
			}
			if err := l.SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, err := l.AcceptTCP(); err == nil {
				t.Error("a connection that no line asked for")
			}
			first := 0 // index of the bunch's first attempt
			for _, n := range bunches {
				ports := map[uint16]bool{}
				for _, conn := range held[first : first+n] {
					ports[conn.RemoteAddr().(*net.TCPAddr).AddrPort().Port()] = true
				}
				for i := first; i < first+n; i++ {
					a := ended[int64(i)]
					if a.Outcome != results.Delivered || a.Port != 0 && !ports[a.Port] {
						t.Errorf("attempt %d: %v from port %d, and its connections came from %v: %s", i, a.Outcome, a.Port, ports, a.Error)
					}
					// The system's clock has fractions of a microsecond that the line has not.
					if early := written[i].Sub(a.Started); early > time.Millisecond {
						t.Errorf("attempt %d started %v before its line was written", i, early)
					}
				}
				first += n
			}
		})
	}
}
