package drivers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

func TestEveryClientOfTheCatalogueIsReadAndHasItsFiles(t *testing.T) {
	all, err := read(clients)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 8 {
		t.Errorf("%d clients", len(all))
	}
	used := map[string]bool{}
	for _, c := range all {
		dir := t.TempDir()
		if err := c.Write(dir); err != nil {
			t.Error(err)
		}
		for _, word := range c.CommandIn(dir, "http://u/") {
			if strings.ContainsAny(word, "{}") {
				t.Errorf("%s: nothing stands for %q", c.Name, word)
			}
			if strings.HasPrefix(word, dir) {
				if _, err := os.Stat(word); err != nil {
					t.Errorf("%s: its command names a file that it has not: %v", c.Name, err)
				}
			}
		}
		for _, f := range c.Files {
			used[f] = true
		}
		if got, ok := ByName(c.Name); !ok || got.Name != c.Name {
			t.Errorf("%s is not found by its name", c.Name)
		}
	}
	files, err := clients.ReadDir("clients")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !used[f.Name()] && !strings.HasSuffix(f.Name(), ".yaml") {
			t.Errorf("%s is no client's", f.Name())
		}
	}
}

func TestAnInvalidClientFileNamesItsPlace(t *testing.T) {
	const good = "name: a\nsummary: b\nconcurrency: 1\npackages: [p]\ncommand: [c]\nversion: {command: [c], match: '(.)'}\n"
	parse := func(row string) error {
		_, err := read(fstest.MapFS{"clients/a.yaml": {Data: []byte(row)}})
		return err
	}
	if err := parse(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"name: a", "name: A,b", `1:7: name "A,b"`}, {"name: a", "name: other", `1:7: name "other": write the name of the file`},
		{"summary: b", "summary: ''", "2:10: no summary"}, {"concurrency: 1", "concurrency: 0", "3:14: concurrency 0"},
		{"command: [c]\nversion", "version", "1:1: write either a command or a role"}, {"name: a", "name: a\nrole: r", "6:10: write either"},
		{"packages: [p]\n", "", "1:1: no packages"}, {"version: {command: [c], ", "version: {", "6:11: no version"},
		{"'(.)'", "'('", "6:32: match: error parsing regexp"}, {"'(.)'", "'.'", `6:32: match ".": write one group`},
		{"name: a", "name: a\nfiles: [../x]", `2:9: file "../x"`}, {"name: a", "name: a\nknown: [{fact: f}]", `2:10: fact "f" from ""`},
		{"name: a", "name: a\nnosuch: 1", `2:1: unknown field "nosuch"`}, {"name: a", "name: &a a", "1:7: anchors, aliases and tags"},
		{"name: a", "name: a\nname: a", "2:1: duplicate key name, first in line 1"},
	} {
		row := strings.Replace(good, c.old, c.new, 1)
		if row == good {
			t.Fatalf("nothing changed by %q", c.new)
		}
		if err := parse(row); err == nil || !strings.HasPrefix(err.Error(), "clients/a.yaml:"+c.want) {
			t.Errorf("got %v, want clients/a.yaml:%s", err, c.want)
		}
	}
}

func TestEveryAttemptIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []AttemptLine
		var written bytes.Buffer
		for range rapid.IntRange(0, 20).Draw(t, "attempts") {
			end := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "end"))
			a := AttemptLine{
				Index:    rapid.Int64Range(0, 1<<50).Draw(t, "index"),
				Started:  time.UnixMicro(rapid.Int64Range(1, 1e15).Draw(t, "started")),
				Outcome:  results.Outcome(rapid.IntRange(0, results.NumOutcomes-1).Draw(t, "outcome")),
				Response: time.Duration(rapid.Int64Range(0, int64(end)).Draw(t, "response")), End: end,
				Port: rapid.Uint16().Draw(t, "port"), Error: printable(rapid.String().Draw(t, "error"), maxErrorText),
			}
			want = append(want, a)
			b, err := a.marshal()
			if err != nil {
				t.Fatal(err)
			}
			written.Write(b)
		}
		var got []AttemptLine
		ready := 0
		if err := Read(io.MultiReader(strings.NewReader(readyLine), &written), func() { ready++ }, func(a AttemptLine) error { got = append(got, a); return nil }); err != nil {
			t.Fatal(err)
		}
		if ready != 1 {
			t.Errorf("ready %d times", ready)
		}
		// A nanosecond may be lost in a decimal number of milliseconds.
		near := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() <= 1 })
		if diff := cmp.Diff(want, got, near); diff != "" {
			t.Error(diff)
		}
	})
}

// hostile are lines that a driver must not write, each with a word of its error.
var hostile = map[string]string{
	"":                                 "JSON",
	"garbage":                          "JSON",
	"null":                             "JSON",
	"[]":                               "JSON",
	`"delivered"`:                      "JSON",
	`{"outcome":"delivered"`:           "JSON",
	`{"outcome":"delivered"} {}`:       "JSON",
	`{"outcome":"delivered"}` + "\x00": "JSON",
	"\x00" + `{"outcome":"delivered"}`: "JSON",
	`{"outcome":1}`:                    "JSON",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","end_ms":"1"}`:      "JSON",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","end_ms":1e999}`:    "JSON",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","port":1.5}`:        "JSON",
	`{"outcome":"delivered","started_ms":1}`:                               "no attempt",
	`{"attempt":null,"outcome":"delivered","started_ms":1}`:                "no attempt",
	`{"attempt":-1,"outcome":"delivered","started_ms":1}`:                  "attempt -1",
	`{"attempt":1.5,"outcome":"delivered","started_ms":1}`:                 "JSON",
	`{"attempt":9223372036854775808,"outcome":"delivered","started_ms":1}`: "JSON",
	`{"attempt":1,"outcome":"delivered"}`:                                  "started_ms 0",
	`{"attempt":1,"outcome":"delivered","started_ms":-5}`:                  "started_ms -5",
	`{"attempt":1,"outcome":"delivered","started_ms":1e15}`:                "started_ms 1e+15",
	`{}`:                       "unknown outcome",
	`{"outcome":"Delivered "}`: "unknown outcome",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","end_ms":-1}`:                "negative",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","response_ms":-0.1}`:         "negative",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","end_ms":1e300}`:             "longer",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","response_ms":2,"end_ms":1}`: "after",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","port":-1}`:                  "port",
	`{"attempt":1,"started_ms":1,"outcome":"delivered","port":65536}`:               "port",
}

func TestAnInvalidLineIsAnErrorWithItsNumber(t *testing.T) {
	const good = `{"attempt":0,"outcome":"closed","started_ms":1,"end_ms":1}` + "\n"
	count := func(in string) (n int, err error) {
		err = Read(strings.NewReader(readyLine+in), func() {}, func(AttemptLine) error { n++; return nil })
		return n, err
	}
	check := func(in, why string) {
		t.Helper()
		n, err := count(good + in)
		if n != 1 || err == nil || !strings.Contains(err.Error(), "line 3: ") || !strings.Contains(err.Error(), why) || strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 500 {
			t.Errorf("%.80q: %d attempts, error %v; want one, and line 3: ... %s", in, n, err, why)
		}
	}
	for in, why := range hostile {
		check(in+"\n", why)
	}
	check(strings.TrimSuffix(good, "\n"), "no line end")
	check(`{"attempt":1,"outcome":"closed","error":"`+strings.Repeat("x", maxLine)+`"}`+"\n", "longer")
	if n, err := count(good + good); n != 2 || err != nil {
		t.Errorf("%d attempts, %v", n, err)
	}
}

func TestADriverThatIsNotReadyFirstIsAnError(t *testing.T) {
	for _, in := range []string{"\n", "Ready\n", "ready \n", "ready\r\n", "ready", `{"attempt":0,"outcome":"closed","started_ms":1}` + "\n", strings.Repeat("x", maxLine) + "\n"} {
		err := Read(strings.NewReader(in), func() { t.Errorf("%.20q is ready", in) }, func(AttemptLine) error { return nil })
		if err == nil || !strings.HasPrefix(err.Error(), "line 1: ") {
			t.Errorf("%.20q: %v", in, err)
		}
	}
	if err := Read(strings.NewReader(""), func() { t.Error("nothing is ready") }, func(AttemptLine) error { return nil }); err != nil {
		t.Error(err)
	}
}

func FuzzEveryLineIsAnAttemptWithinBoundsOrAnError(f *testing.F) {
	for in := range hostile {
		f.Add([]byte(in))
	}
	f.Add([]byte(`{"attempt":7,"started_ms":1795651200123.456,"outcome":"delivered","response_ms":1.25,"end_ms":2.5,"port":4711,"error":"a\u0000\nb"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseLine(b)
		if err != nil {
			return
		}
		if a.Response < 0 || a.End < a.Response || a.End > maxEnd || len(a.Error) > maxErrorText || strings.ContainsAny(a.Error, "\n\r\x00\x1b") || int(a.Outcome) >= results.NumOutcomes ||
			a.Index < 0 || a.Started.UnixMicro() < 0 || a.Started.Year() > 5139 {
			t.Errorf("%q was read as %+v", b, a)
		}
		written, err := a.marshal()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := parseLine(written); err != nil || b.Index != a.Index || (b.Started.Sub(a.Started)).Abs() > 20*time.Microsecond || b.Outcome != a.Outcome || b.Port != a.Port || b.Error != a.Error {
			t.Errorf("%+v was written as %s and read as %+v, %v", a, written, b, err)
		}
	})
}

func TestAJobSurvivesItsEnvironment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Job{
			URL: "http://10.0.0.2:8080/", Concurrency: rapid.IntRange(1, 1<<20).Draw(t, "concurrency"), Requests: rapid.Int64Range(0, 1<<40).Draw(t, "requests"),
			BodyBytes: rapid.Int64Range(0, 1<<40).Draw(t, "body"), Timeout: time.Duration(rapid.IntRange(1, 1e6).Draw(t, "timeout")) * time.Millisecond,
		}
		env := map[string]string{}
		for _, v := range want.Environment() {
			name, value, _ := strings.Cut(v, "=")
			env[name] = value
		}
		got, err := JobFrom(func(name string) string { return env[name] })
		if err != nil || (got.Timeout-want.Timeout).Abs() > time.Microsecond {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		if got.Timeout = want.Timeout; got != want {
			t.Errorf("%+v became %+v", want, got)
		}
	})
}

// ending is how a server ends every connection, and the outcomes that a client may report.
type ending struct {
	name string
	body int64
	// serve is called with the connection and closes it.
	serve func(c *net.TCPConn)
	want  []results.Outcome
}

const whole = "HTTP/1.1 %s\r\nContent-Length: 5\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nfull\n"

// reading reads the request's header and then does the rest.
func reading(then func(c *net.TCPConn)) func(c *net.TCPConn) {
	return func(c *net.TCPConn) {
		defer c.Close()
		if readHeader(c) {
			then(c)
		}
	}
}

// readHeader reads the request's header and reports whether it arrived.
func readHeader(c io.Reader) bool {
	var got []byte
	b := make([]byte, 4096)
	for !bytes.Contains(got, []byte("\r\n\r\n")) {
		n, err := c.Read(b)
		if err != nil {
			return false
		}
		got = append(got, b[:n]...)
	}
	return true
}

// readRequest reads a whole request and reports whether it arrived.
func readRequest(c io.Reader) bool {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

func says(text string) func(c *net.TCPConn) {
	return func(c *net.TCPConn) {
		defer c.Close()
		if readRequest(c) {
			_, _ = io.WriteString(c, text)
		}
	}
}

// The kernel reports a reset once, to the first call after it. A client that ignores
// a failed send reads the end and reports that.
var endings = []ending{
	{"a 200", 0, says(fmt.Sprintf(whole, "200 OK")), []results.Outcome{results.Admitted}},
	{"a 503", 0, says(fmt.Sprintf(whole, "503 Service Unavailable")), []results.Outcome{results.Delivered}},
	{"a 404", 0, says(fmt.Sprintf(whole, "404 Not Found")), []results.Outcome{results.BadResponse}},
	{"a silent close", 0, says(""), []results.Outcome{results.Closed}},
	{"a truncated body", 0, says(strings.Replace(fmt.Sprintf(whole, "503 Service Unavailable"), "full\n", "f", 1)), []results.Outcome{results.Truncated}},
	{"a reset", 0, reading(func(c *net.TCPConn) { _ = c.SetLinger(0) }), []results.Outcome{results.ResetReceive}},
	{"a reset of an upload", 8 << 20, reading(func(c *net.TCPConn) { _ = c.SetLinger(0) }), []results.Outcome{results.ResetSend, results.BrokenPipe, results.ResetReceive, results.Closed}},
}

// silence is a server that answers no request. A client waits for its time limit.
var silence = ending{"no answer in time", 0, reading(func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }), []results.Outcome{results.TimeoutReceive}}

// driverEnv marks this test's binary as the driver of a role.
const driverEnv = "REJECTBENCH_TEST_DRIVER"

func TestMain(m *testing.M) {
	if role := os.Getenv(driverEnv); role != "" {
		job, err := JobFrom(os.Getenv)
		if err == nil {
			err = GoNetHTTP(context.Background(), job, strings.HasSuffix(role, "close"), os.Stdin, os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// drive runs a client's driver in a closed loop and returns its attempts.
func drive(t *testing.T, c Client, j Job) (all []AttemptLine) {
	t.Helper()
	next := int64(0)
	start := func(in io.WriteCloser) error {
		var err error
		if next < j.Requests {
			err = WriteStart(in, next)
		}
		if next++; next == j.Requests {
			err = errors.Join(err, in.Close())
		}
		return err
	}
	runDriver(t, c, j, func(in io.WriteCloser) {
		for range j.Concurrency {
			if err := start(in); err != nil {
				t.Error(err)
			}
		}
	}, func(in io.WriteCloser, a AttemptLine) error {
		all = append(all, a)
		return start(in)
	})
	if int64(len(all)) != j.Requests {
		t.Errorf("%d attempts, want %d", len(all), j.Requests)
	}
	seen := map[int64]bool{}
	for _, a := range all {
		if seen[a.Index] || a.Index >= j.Requests {
			t.Errorf("attempt %d, of %d", a.Index, j.Requests)
		}
		seen[a.Index] = true
	}
	return all
}

// runDriver runs a client's driver to its end. It calls ready and each with the
// driver's input.
func runDriver(t *testing.T, c Client, j Job, ready func(io.WriteCloser), each func(io.WriteCloser, AttemptLine) error) {
	t.Helper()
	dir := t.TempDir()
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	if c.Role == "" {
		words := c.CommandIn(dir, j.URL)
		cmd = exec.Command(words[0], words[1:]...)
	}
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	cmd.Env = append(append(os.Environ(), j.Environment()...), driverEnv+"="+c.Role)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	err = Read(out, func() { ready(in) }, func(a AttemptLine) error { return each(in, a) })
	if err != nil {
		_ = cmd.Process.Kill()
	}
	if err := errors.Join(err, cmd.Wait()); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
}

// versions holds the result of Installed for each client: some take a second for it.
var versions sync.Map

// installed skips a client that is not installed; on CI that is a failure.
func installed(t *testing.T, c Client) {
	t.Helper()
	once, _ := versions.LoadOrStore(c.Name, sync.OnceValue(func() error {
		_, err := c.Installed(context.Background())
		return err
	}))
	err := once.(func() error)()
	var missing *MissingError
	switch {
	case errors.As(err, &missing) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
}

func TestEveryClientReportsEachEndByItsOutcome(t *testing.T) {
	for _, c := range Clients() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			installed(t, c)
			checkEndings(t, c, "http", endings)
			t.Run("a refused port", func(t *testing.T) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				url := "http://" + l.Addr().String() + "/"
				l.Close()
				for _, a := range drive(t, c, Job{URL: url, Concurrency: 1, Requests: 2, Timeout: 20 * time.Second}) {
					if a.Outcome != results.Refused || a.Error == "" {
						t.Errorf("%v: %s", a.Outcome, a.Error)
					}
				}
			})
		})
	}
}

// All clients wait at once: one after the other they would take minutes.
func TestEveryClientReportsAMissingAnswerAsATimeout(t *testing.T) {
	const requests = 3
	var waiting sync.WaitGroup
	for _, c := range Clients() {
		for scheme, e := range map[string]ending{"http": silence, "https": tlsSilence} {
			waiting.Go(func() {
				t.Run(c.Name+" over "+scheme, func(t *testing.T) {
					installed(t, c)
					// Connecting, and a handshake, have to be done within the timeout.
					job := Job{Concurrency: requests, Requests: requests, Timeout: 10 * time.Second}
					for i, a := range driveAgainst(t, c, scheme, job, func(int) ending { return e }) {
						e.check(t, i, a)
					}
				})
			})
		}
	}
	waiting.Wait()
}

// checkEndings runs a client's driver once for each size of a body, against a server
// that ends some connections in each way. A driver that starts for each ending would
// take most of the time to start.
func checkEndings(t *testing.T, c Client, scheme string, all []ending) {
	const each = 3 // connections that end in one way
	byBody := map[int64][]ending{}
	for _, e := range all {
		byBody[e.body] = append(byBody[e.body], e)
	}
	for body, group := range byBody {
		t.Run(fmt.Sprintf("body of %d", body), func(t *testing.T) {
			// One attempt at a time, so that the n-th attempt has the n-th connection.
			job := Job{Concurrency: 1, Requests: int64(each * len(group)), BodyBytes: body, Timeout: 20 * time.Second}
			ofConnection := func(n int) ending { return group[min(n/each, len(group)-1)] }
			for i, a := range driveAgainst(t, c, scheme, job, ofConnection) {
				ofConnection(i).check(t, i, a)
			}
		})
	}
}

// driveAgainst runs a client's driver against a server that ends its n-th connection
// as ofConnection says. It checks that every attempt has one connection.
func driveAgainst(t *testing.T, c Client, scheme string, j Job, ofConnection func(n int) ending) []AttemptLine {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ports := map[uint16]int{}
	var serving sync.WaitGroup
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			ports[conn.RemoteAddr().(*net.TCPAddr).AddrPort().Port()]++
			serving.Go(func() { ofConnection(n).serve(conn) })
		}
	})
	j.URL = scheme + "://" + l.Addr().String() + "/"
	all := drive(t, c, j)
	l.Close()
	serving.Wait()
	if n := sum(ports); int64(n) != j.Requests {
		t.Errorf("%d attempts over %d connections: %+v", j.Requests, n, all)
	}
	for _, a := range all {
		if a.Port != 0 && ports[a.Port] == 0 {
			t.Errorf("port %d, which the server never saw: %v", a.Port, ports)
		}
	}
	return all
}

// check compares the n-th attempt with the ending of its connection.
func (e ending) check(t *testing.T, n int, a AttemptLine) {
	t.Helper()
	if !slices.Contains(e.want, a.Outcome) {
		t.Errorf("attempt %d, %s: %v, want one of %v: %s", n, e.name, a.Outcome, e.want, a.Error)
	}
	if clean := a.Outcome == results.Delivered || a.Outcome == results.Admitted; clean != (a.Error == "") && a.Outcome != results.BadResponse && a.Outcome != results.Truncated {
		t.Errorf("attempt %d, %s: %v with the error text %q", n, e.name, a.Outcome, a.Error)
	}
}

func sum(ports map[uint16]int) (n int) {
	for _, v := range ports {
		n += v
	}
	return n
}

func TestAMissingClientNamesItsPackage(t *testing.T) {
	c := Client{Name: "ghost", Packages: []string{"ghost-tools"}, Command: []string{"x"}, Version: Version{Command: []string{"/nonexistent/ghost"}, Match: "(.)"}}
	_, err := c.Installed(context.Background())
	var missing *MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "ghost-tools") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
