//go:build unix

package loadgen

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A fleet whose process stood still started its attempts late although it had free slots.
func TestAFleetThatWasStoppedSaysHowLong(t *testing.T) {
	const stop = 300 * time.Millisecond
	for name, portable := range map[string]string{"epoll": "", "portable": "1"} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			running := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Connection", "close")
				w.WriteHeader(http.StatusServiceUnavailable)
				if requests.Add(1) == 40 {
					close(running)
				}
			}))
			defer server.Close()
			var out bytes.Buffer
			fleet := exec.Command(os.Args[0])
			fleet.Env = append(os.Environ(), stallVariable+"="+server.URL+"/", stallPortable+"="+portable)
			fleet.Stdout, fleet.Stderr = &out, os.Stderr
			if err := fleet.Start(); err != nil {
				t.Fatal(err)
			}
			defer fleet.Process.Kill()
			select {
			case <-running:
			case <-time.After(time.Minute):
				t.Fatal("the fleet makes no attempts")
			}
			if err := fleet.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			time.Sleep(stop) // what is measured
			if err := fleet.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			if err := fleet.Wait(); err != nil {
				t.Fatal(err)
			}
			ms, err := strconv.ParseFloat(strings.TrimSpace(out.String()), 64)
			// Attempts are due every 5 ms.
			if least := (stop - 50*time.Millisecond).Seconds() * 1000; err != nil || ms < least {
				t.Errorf("stopped for %v, it says %q, %v", stop, &out, err)
			}
		})
	}
}
