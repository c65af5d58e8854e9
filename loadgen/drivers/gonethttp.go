package drivers

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// GoNetHTTP is the driver of Go's client. Each attempt has its own Transport with
// default settings and therefore a new connection. closing sets DisableKeepAlives,
// which adds "Connection: close" to the request.
func GoNetHTTP(ctx context.Context, job Job, closing bool, in io.Reader, out io.Writer) error {
	var mu sync.Mutex // guards out and failure
	_, failure := io.WriteString(out, readyLine)
	var running sync.WaitGroup
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		index, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			return fmt.Errorf("read a start line: %w", err)
		}
		running.Go(func() {
			a := goAttempt(ctx, job, closing)
			a.Index = index
			b, err := a.marshal()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				_, err = out.Write(b)
			}
			failure = errors.Join(failure, err)
		})
	}
	running.Wait()
	return errors.Join(failure, lines.Err())
}

func goAttempt(ctx context.Context, job Job, closing bool) (a AttemptLine) {
	a.Started = time.Now()
	var port atomic.Int32
	transport := &http.Transport{
		DisableKeepAlives: closing,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // as in every driver: the server is the user's own
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				port.Store(int32(conn.LocalAddr().(*net.TCPAddr).Port))
			}
			return conn, err
		},
	}
	defer transport.CloseIdleConnections()
	client := http.Client{
		Transport: transport, Timeout: job.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	method, body := http.MethodGet, io.Reader(nil)
	if job.BodyBytes > 0 {
		method, body = http.MethodPost, io.LimitReader(letters{}, job.BodyBytes)
	}
	request, err := http.NewRequestWithContext(ctx, method, job.URL, body)
	if err != nil {
		a.Outcome, a.Error = results.LocalError, err.Error()
		return a
	}
	request.ContentLength = job.BodyBytes
	defer func() { a.End, a.Port = max(time.Since(a.Started), a.Response), uint16(port.Load()) }()
	response, err := client.Do(request)
	if err == nil {
		a.Response = time.Since(a.Started)
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	if err != nil {
		a.Error = err.Error()
		a.Outcome = goOutcome(err, a.Response > 0, port.Load() > 0)
		return a
	}
	switch s := response.StatusCode; {
	case s >= 200 && s <= 299:
		a.Outcome = results.Admitted
	case s == http.StatusServiceUnavailable:
		a.Outcome = results.Delivered
	default:
		a.Outcome = results.BadResponse
	}
	return a
}

// goOutcome returns the outcome for an error of net/http: of the client or, if
// answer is set, of reading the body.
func goOutcome(err error, answer, connected bool) results.Outcome {
	var timeout net.Error
	var op *net.OpError
	call := ""
	if errors.As(err, &op) {
		call = op.Op
	}
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		if connected {
			return results.TimeoutReceive
		}
		return results.TimeoutConnect
	case answer:
		return results.Truncated
	case errors.Is(err, syscall.ECONNREFUSED):
		return results.Refused
	case errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		// net.ErrClosed: the Transport read the end first and closed the connection
		// during its own send.
		return results.BrokenPipe
	case errors.Is(err, syscall.ECONNRESET) && call == "dial":
		return results.ResetConnect
	case errors.Is(err, syscall.ECONNRESET) && call == "write":
		return results.ResetSend
	case errors.Is(err, syscall.ECONNRESET):
		return results.ResetReceive
	case errors.Is(err, io.ErrUnexpectedEOF):
		return results.Truncated
	case errors.Is(err, io.EOF), strings.Contains(err.Error(), "server closed idle connection"):
		// net/http reports this text, without an error value, for a connection that
		// ended before the request was sent.
		return results.Closed
	case call == "dial", call == "write", call == "read":
		return results.LocalError
	}
	return results.BadResponse
}

// letters is an infinite body.
type letters struct{}

func (letters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}
