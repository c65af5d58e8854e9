package targets

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// contract is the strategies' names as other programs rely on them, in order.
var contract = []string{
	"linger-zero", "close", "shutdown", "read-header", "read-request", "lingering-close", "wait-acked",
	"drain-until-acked", "drain-available", "delayed-close", "defer-accept", "backlog", "nethttp",
}

func TestStrategyTableHasTheContractsNamesAndNoEmptyColumn(t *testing.T) {
	var names []string
	for _, s := range Strategies {
		names = append(names, s.Name)
		for column, text := range map[string]string{"Summary": s.Summary, "UsedBy": s.UsedBy, "Cost": s.Cost, "Fails": s.Fails} {
			if text == "" || strings.ContainsAny(text, "\n\t") {
				t.Errorf("%s: %s is %q, want one line", s.Name, column, text)
			}
		}
		if (s.reject == nil) == (s.serve == nil) {
			t.Errorf("%s: want a function or a way of serving, and not both", s.Name)
		}
		if got, err := StrategyByName(s.Name); err != nil || got.Name != s.Name {
			t.Errorf("StrategyByName(%q) = %q, %v", s.Name, got.Name, err)
		}
	}
	if diff := cmp.Diff(contract, names); diff != "" {
		t.Error(diff)
	}
	if _, err := StrategyByName("hope"); err == nil {
		t.Error("an unknown name is taken")
	}
}

func TestEveryEndReasonHasAUniqueNameAndASummary(t *testing.T) {
	seen := map[string]bool{}
	for i, row := range endReasons {
		if row.Name == "" || row.Summary == "" || seen[row.Name] {
			t.Errorf("row %d is %+v", i, row)
		}
		seen[row.Name] = true
	}
}

func TestAnswerIsAWhole503ThatSaysItCloses(t *testing.T) {
	r := bufio.NewReader(strings.NewReader(answerText))
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != answerBody || r.Buffered() != 0 {
		t.Errorf("body %q, %v, %d bytes after it", body, err, r.Buffered())
	}
	if res.StatusCode != 503 || !res.Close || res.Header.Get("Retry-After") != "1" || res.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("%+v", res)
	}
}

func TestReadRequestLeavesNothingUnread(t *testing.T) {
	chunked := "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"5;ext=1\r\nhello\r\n186A0\r\n" + strings.Repeat("x", 100_000) + "\r\n0\r\nTrailer: t\r\n\r\n"
	for name, request := range map[string]string{
		"no body":        get(),
		"content-length": post(strings.Repeat("x", 100_000)),
		"chunked":        chunked,
		"bare LF":        "POST / HTTP/1.0\nContent-Length: 2\n\nhi",
	} {
		t.Run(name, func(t *testing.T) {
			e := reject(t, "read-request", Bounds{}, func(c *net.TCPConn) {
				send(t, c, request)
				if got := status(t, c); got != 503 {
					t.Errorf("status %d", got)
				}
			})
			if e.End != endClosed || e.Read != int64(len(request)) || onLinux && e.Unread != 0 {
				t.Errorf("%+v, want end closed, read %d, unread 0", e, len(request))
			}
		})
	}
}

func TestReadRequestAnswersAClientThatExpectsContinue(t *testing.T) {
	const header = "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1000\r\n\r\n"
	e := reject(t, "read-request", Bounds{}, func(c *net.TCPConn) {
		send(t, c, header)
		if got := status(t, c); got != 503 {
			t.Errorf("status %d, want the final 503 at once", got)
		}
	})
	if e.End != endClosed || e.Read != int64(len(header)) {
		t.Errorf("%+v", e)
	}
}

func TestReadersAnswer503EvenToABadRequest(t *testing.T) {
	short, shortBody := Bounds{HeaderTimeout: 20 * time.Millisecond}, Bounds{BodyTimeout: 20 * time.Millisecond}
	long := get("X-Long: ", strings.Repeat("x", bufferSize), "\r\n")
	for _, test := range []struct {
		name, strategy, request string
		bounds                  Bounds
		want                    endReason
	}{
		{"silent", "read-header", "", short, endHeaderTimeout},
		{"silent", "read-request", "", short, endHeaderTimeout},
		{"half a header", "read-header", "GET / HTT", short, endHeaderTimeout},
		{"half a body", "read-request", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", shortBody, endBodyTimeout},
		{"long header", "read-header", long, Bounds{}, endHeaderLimit},
		{"long header", "read-request", long, Bounds{}, endHeaderLimit},
		{"not HTTP", "read-request", "ehlo\r\n\r\n", Bounds{}, endBadRequest},
		{"version cut short", "read-request", "GET / HTTP/1.\r\n\r\n", Bounds{}, endBadRequest}, // once a panic
		{"bad length", "read-request", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Bounds{}, endBadRequest},
		{"two lengths", "read-request", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Bounds{}, endBadRequest},
		{"bad chunk", "read-request", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", Bounds{}, endBadRequest},
		{"huge chunk", "read-request", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", Bounds{}, endBadRequest},
	} {
		t.Run(test.strategy+"/"+test.name, func(t *testing.T) {
			e := reject(t, test.strategy, test.bounds, func(c *net.TCPConn) {
				send(t, c, test.request)
				if got := status(t, c); got != 503 {
					t.Errorf("status %d", got)
				}
			})
			if e.End != test.want || e.Answer != int64(len(answerText)) {
				t.Errorf("%+v, want end %v and a whole answer", e, test.want)
			}
		})
	}
}

func TestLingeringCloseEndsByWhicheverLimitComesFirst(t *testing.T) {
	sendForever := func(c *net.TCPConn) {
		for chunk := make([]byte, 1000); ; {
			if _, err := c.Write(chunk); err != nil {
				return
			}
		}
	}
	for _, test := range []struct {
		name   string
		bounds Bounds
		client func(*net.TCPConn)
		want   endReason
	}{
		{"end-of-file", Bounds{}, func(c *net.TCPConn) { c.CloseWrite(); awaitEnd(c) }, endEOF},
		{"idle", Bounds{LingerIdle: 20 * time.Millisecond}, awaitEnd, endIdleLimit},
		{"total", Bounds{LingerTotal: 50 * time.Millisecond}, sendForever, endTimeLimit},
		{"total of a silent client", Bounds{LingerTotal: 20 * time.Millisecond}, awaitEnd, endTimeLimit},
		{"bytes", Bounds{LingerBytes: 100_000}, sendForever, endByteLimit},
		{"reset", Bounds{}, func(c *net.TCPConn) { c.SetLinger(0); c.Close() }, endPeerReset},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := reject(t, "lingering-close", test.bounds, test.client)
			if e.End != test.want {
				t.Errorf("%+v, want end %v", e, test.want)
			}
			if over := e.Read - test.bounds.LingerBytes; test.want == endByteLimit && (over < 0 || over >= bufferSize) {
				t.Errorf("read %d of a limit of %d", e.Read, test.bounds.LingerBytes)
			}
		})
	}
}

func TestDelayedCloseHoldsForTheDelayAndReadsNothing(t *testing.T) {
	const delay = 30 * time.Millisecond
	e := reject(t, "delayed-close", Bounds{CloseDelay: delay}, func(c *net.TCPConn) {
		send(t, c, get())
		awaitEnd(c)
	})
	if held := time.Duration(e.Closed - e.Accepted); held < delay || e.Read != 0 || e.End != endClosed {
		t.Errorf("%+v held %v", e, held)
	}
}

func TestEveryStrategyFunctionClosesTheConnection(t *testing.T) {
	b, err := Bounds{HeaderTimeout: time.Millisecond, LingerIdle: time.Millisecond, CloseDelay: time.Millisecond}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range Strategies {
		if row.reject == nil || row.linux && !onLinux {
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			c, s, _ := pair(t)
			defer c.Close()
			row.reject(s.TCPConn, b) // as a reader would use it, without the server around it
			if err := s.TCPConn.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("left open (second close: %v)", err)
			}
		})
	}
}

func TestNegativeBoundsAreRefused(t *testing.T) {
	for _, b := range []Bounds{{HeaderTimeout: -1}, {BodyTimeout: -1}, {LingerIdle: -1}, {LingerTotal: -1},
		{LingerBytes: -1}, {Lingerers: -1}, {CloseDelay: -1}, {AckTimeout: -1}, {QuietFloor: -1}} {
		if _, err := b.withDefaults(); err == nil {
			t.Errorf("%+v is taken", b)
		}
	}
	for _, cfg := range []Config{{Strategy: "hope"}, {Strategy: "close", Limit: -1}, {Strategy: "close", ServiceTime: -1},
		{Strategy: "close", Bounds: Bounds{CloseDelay: -1}}, {Strategy: "close", Listen: "no port"}} {
		if _, err := Listen(t.Context(), cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
