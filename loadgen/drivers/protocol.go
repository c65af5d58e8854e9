package drivers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/results"
)

// Job is the task of a driver.
type Job struct {
	URL         string
	Concurrency int   // most attempts in flight at once
	Requests    int64 // most attempts in all; 0 is unknown
	BodyBytes   int64
	Timeout     time.Duration
}

// The names of the environment variables of a job.
const (
	urlVariable         = "REJECTBENCH_URL"
	concurrencyVariable = "REJECTBENCH_CONCURRENCY"
	requestsVariable    = "REJECTBENCH_REQUESTS"
	bodyVariable        = "REJECTBENCH_BODY"
	timeoutVariable     = "REJECTBENCH_TIMEOUT"
)

// Environment returns the job as environment variables.
func (j Job) Environment() []string {
	return []string{
		urlVariable + "=" + j.URL,
		concurrencyVariable + "=" + strconv.Itoa(j.Concurrency),
		requestsVariable + "=" + strconv.FormatInt(j.Requests, 10),
		bodyVariable + "=" + strconv.FormatInt(j.BodyBytes, 10),
		timeoutVariable + "=" + strconv.FormatFloat(j.Timeout.Seconds(), 'f', -1, 64),
	}
}

// JobFrom reads a job from the variables of Environment; getenv returns a
// variable's value.
func JobFrom(getenv func(string) string) (Job, error) {
	j := Job{URL: getenv(urlVariable)}
	var errs [4]error
	j.Concurrency, errs[0] = strconv.Atoi(getenv(concurrencyVariable))
	j.Requests, errs[1] = strconv.ParseInt(getenv(requestsVariable), 10, 64)
	j.BodyBytes, errs[2] = strconv.ParseInt(getenv(bodyVariable), 10, 64)
	seconds, err := strconv.ParseFloat(getenv(timeoutVariable), 64)
	j.Timeout, errs[3] = time.Duration(seconds*1e9), err
	if err := errors.Join(errs[:]...); err != nil {
		return j, fmt.Errorf("read the job: %w", err)
	}
	return j, nil
}

// AttemptLine is one line of a driver's output: the result of one attempt. The
// driver measures its durations: with a monotonic clock, but wget's with the system's
// clock.
type AttemptLine struct {
	Index    int64 // of the start line that asked for the attempt
	Outcome  results.Outcome
	Started  time.Time     // by the system's clock, in microseconds
	Response time.Duration // from the attempt's start; 0 without an answer
	End      time.Duration // from the attempt's start
	Port     uint16        // 0 if the client does not report it
	Error    string        // the client's error text in printable characters; empty without an error
}

// lineJSON is the encoding of an AttemptLine.
type lineJSON struct {
	Attempt    *int64  `json:"attempt"` // nil is an absent field
	Outcome    string  `json:"outcome"`
	StartedMs  float64 `json:"started_ms"`
	ResponseMs float64 `json:"response_ms"`
	EndMs      float64 `json:"end_ms"`
	Port       int     `json:"port"`
	Error      string  `json:"error"`
}

// The bounds of a driver's output.
const (
	maxLine      = 64 << 10       // bytes of a line
	maxErrorText = 300            // bytes kept of an error text
	maxEnd       = 24 * time.Hour // of an attempt
	maxStartedMs = 1e14           // the year 5138
)

// readyLine is the first line of a driver's output.
const readyLine = "ready\n"

// WriteStart writes the line that has a driver start an attempt now.
func WriteStart(w io.Writer, index int64) error {
	_, err := io.WriteString(w, strconv.FormatInt(index, 10)+"\n")
	return err
}

// Read reads a driver's output until its end. It calls ready when the driver is
// ready, then each for every attempt. An error of each ends the reading. All errors
// name the line.
func Read(r io.Reader, ready func(), each func(AttemptLine) error) error {
	in := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		b, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d: longer than %d bytes", n, maxLine)
		case err == io.EOF && len(b) == 0:
			return nil
		case err == io.EOF:
			return fmt.Errorf("line %d: %s: no line end", n, excerpt(b))
		case err != nil:
			return fmt.Errorf("line %d: %w", n, err)
		}
		if n == 1 {
			if string(b) != readyLine {
				return fmt.Errorf("line 1: %s: not %q", excerpt(b), strings.TrimSpace(readyLine))
			}
			ready()
			continue
		}
		a, err := parseLine(b)
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", n, excerpt(b), err)
		}
		if err := each(a); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// parseLine parses one line.
func parseLine(b []byte) (a AttemptLine, err error) {
	var l *lineJSON
	if err := json.Unmarshal(b, &l); err != nil || l == nil {
		return a, errors.New("not a JSON object of an attempt")
	}
	a.Outcome, err = results.ParseOutcome(l.Outcome)
	switch {
	case err != nil:
		return a, err
	case l.Attempt == nil:
		return a, errors.New("no attempt: write the number of the start line")
	case *l.Attempt < 0:
		return a, fmt.Errorf("attempt %d", *l.Attempt)
	case l.StartedMs <= 0 || l.StartedMs > maxStartedMs:
		return a, fmt.Errorf("started_ms %g: write milliseconds since 1970", l.StartedMs)
	case l.ResponseMs < 0 || l.EndMs < 0:
		return a, errors.New("a time is negative")
	case l.EndMs > float64(maxEnd/time.Millisecond):
		return a, fmt.Errorf("end_ms %g: longer than %v", l.EndMs, maxEnd)
	case l.ResponseMs > l.EndMs:
		return a, fmt.Errorf("response_ms %g comes after end_ms %g", l.ResponseMs, l.EndMs)
	case l.Port < 0 || l.Port > 65535:
		return a, fmt.Errorf("port %d", l.Port)
	}
	a.Index, a.Started = *l.Attempt, time.UnixMicro(int64(math.Round(l.StartedMs*1e3)))
	a.Response, a.End = time.Duration(l.ResponseMs*1e6), time.Duration(l.EndMs*1e6)
	a.Port, a.Error = uint16(l.Port), printable(l.Error, maxErrorText)
	return a, nil
}

// marshal is the reverse of parseLine.
func (a AttemptLine) marshal() ([]byte, error) {
	b, err := json.Marshal(lineJSON{
		Attempt: &a.Index, Outcome: a.Outcome.String(), StartedMs: float64(a.Started.UnixMicro()) / 1e3, ResponseMs: float64(a.Response) / 1e6, EndMs: float64(a.End) / 1e6,
		Port: int(a.Port), Error: a.Error,
	})
	return append(b, '\n'), err
}

// excerpt returns the beginning of a line for an error message.
func excerpt(b []byte) string {
	const maxExcerpt = 60
	b = bytes.TrimRight(b, "\r\n")
	if len(b) > maxExcerpt {
		return fmt.Sprintf("%q...", b[:maxExcerpt])
	}
	return fmt.Sprintf("%q", b)
}

// printable turns text into one line of printable characters of at most max bytes.
func printable(text string, max int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	for len(text) > max {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
