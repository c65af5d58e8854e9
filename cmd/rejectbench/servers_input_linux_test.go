package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// maxErrorLine bounds an error that quotes what a server wrote.
const maxErrorLine = 1000

// altered makes a folder with a copy of one server of the catalogue, named altered,
// with some words of its file replaced. It skips the test if the server is not
// installed.
func altered(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	s, _, err := knownServers(t).Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	needServer(t, s)
	b, err := os.ReadFile(filepath.Join("..", "..", "targets", "catalogue", "servers", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), "name: "+name, "name: altered", 1)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("%s.yaml has no %q", name, oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "altered.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// refused runs the server of a folder. The run has to end with wrong usage in one
// bounded line that contains want, write nothing to standard output and leave nothing.
func refused(t *testing.T, catalogue string, want string, args ...string) {
	t.Helper()
	p := prepare(t, append([]string{"run", "--rounds", "1", "--catalogue", catalogue, "--server", "altered", "--rtt", "1ms"}, args...)...)
	left := p.temporary()
	p.start()
	stdout, code := p.wait()
	said := p.stderr.String()
	if code != exitUsage || stdout != "" || !strings.HasPrefix(said, "rejectbench: the server altered:") || !strings.Contains(said, want) {
		t.Errorf("exit code %d, want %q in:\n%s%s", code, want, stdout, said)
	}
	if strings.Count(said, "\n") != 1 || len(said) > maxErrorLine {
		t.Errorf("%d lines, %d bytes:\n%s", strings.Count(said, "\n"), len(said), said)
	}
	p.leavesNothing(left)
	if _, err := os.Stat(p.out); !os.IsNotExist(err) {
		t.Errorf("the run's folder: %v", err)
	}
}

func TestRefusedConfigurationShowsTheServersOwnMessage(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"aiohttp":  {"import ssl", "import lss", "No module named 'lss'"},
		"apache":   {"RedirectMatch 503", "RedirectMtach 503", "Invalid command 'RedirectMtach'"},
		"caddy":    {"respond 503", "respnod 503", "unrecognized directive: respnod"},
		"h2o":      {"listen: {", "lisetn: {", "lisetn"}, // what stands behind it h2o reads when it listens
		"haproxy":  {"http-request deny deny_status 503", "http-request dney", "parsing [{dir}/haproxy.cfg:15]: 'http-request' expects"},
		"jetty":    {`name="acceptQueueSize"`, `name="acceptQueueSzie"`, "cceptQueueSzie"},
		"lighttpd": {"mod_redirect", "mod_rediretc", "mod_rediretc"},
		"nginx":    {"location / { return 503; }", "location / { retrun 503; }", `unknown directive "retrun"`},
		"node":     {"createServer", "cretaeServer", "cretaeServer is not a function"},
		"varnish":  {"synth(503)", "synht(503)", "Expected return action name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, altered(t, name, c.old, c.new), c.want)
		})
	}
}

// The server's command first starts another program on the port.
func TestServerOnATakenPortShowsTheBindError(t *testing.T) {
	folder := altered(t, "haproxy",
		`command: [haproxy, -db, -f, "{dir}/haproxy.cfg"]`,
		`command: [sh, -c, 'rejectbench serve --listen {host}:9000 2>"{dir}/first" & until grep -q listening "{dir}/first"; do :; done; exec /usr/sbin/haproxy -db -f "{dir}/haproxy.cfg"']`,
		"bind {host}:{port} backlog", "bind {host}:9000 backlog")
	refused(t, folder, "Address already in use")
}

func TestServerThatListensElsewhereIsNotReady(t *testing.T) {
	refused(t, altered(t, "haproxy", "bind {host}:{port} backlog", "bind {host}:9000 backlog"),
		"did not listen on 198.18.0.2:8080 within 500ms", "--listen-timeout", "500ms")
}

func TestServerWithoutItsReadyMessageIsNotReady(t *testing.T) {
	refused(t, altered(t, "nginx", "tls:\n", "ready: never said\ntls:\n"),
		"did not say that it is ready (\"never said\") within 3s", "--listen-timeout", "3s") // by when it listens
}

// The parent ends within a millisecond of its child's listening. If the run does not
// notice that before its cells, the cells are invalid.
func TestServerThatDaemonizesIsRefusedAndLeavesNothing(t *testing.T) {
	p := prepare(t, "run", "--rounds", "1", "--catalogue", altered(t, "nginx", "daemon off;", "daemon on;"), "--server", "altered", "--rtt", "1ms",
		"--body", "0", "--requests", "4", "--concurrency", "2", "--aa", "0", "--client", "blocking", "--format", "json", "--quiet")
	left := p.temporary()
	p.start()
	stdout, code := p.wait()
	if code != exitUsage && code != exitUnanswered || !strings.Contains(stdout+p.stderr.String(), "exit status 0 (a server has to stay in the foreground)") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, p.stderr)
	}
	p.leavesNothing(left)
}

// After its first process is killed, the workers of a server still listen.
func TestServerWithDeadMasterInvalidatesItsCellAndLeavesNothing(t *testing.T) {
	for name, title := range map[string]string{"nginx": "nginx: master process", "apache": "apache2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := knownServers(t).Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			needServer(t, s)
			p := prepare(t, "run", "--rounds", "1", "--server", name, "--rtt", "10ms", "--body", "64KiB", "--client", "blocking",
				"--concurrency", "4", "--duration", "2s", "--aa", "0", "--format", "json", "--quiet")
			left := p.temporary()
			p.start()
			p.frozen("fleet")
			nets := namespacesOf(relatives(p.variable))
			// The fleet starts beside the server, which takes a while to name itself.
			var all []string
			eventually(t, "the server has its name", func() bool {
				for _, found := range left() {
					if pid, command, ok := strings.Cut(found, " "); ok && strings.HasPrefix(command, title) {
						all = append(all, pid)
					}
				}
				return len(all) > 0
			})
			first, err := strconv.Atoi(oldest(all))
			if err != nil || len(nets) == 0 {
				t.Fatalf("running: %q, namespaces %v", left(), nets)
			}
			if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.thaw()
			stdout, code := p.wait()
			cells, err := readCells(t, stdout)
			if err != nil || code != exitDone && code != exitUnanswered || len(cells) == 0 {
				t.Fatalf("exit code %d, %v: %s", code, err, p.stderr)
			}
			if c := cells[0]; c.Valid || !strings.Contains(c.InvalidReason, "signal: killed") || c.Try != 0 {
				t.Errorf("try %d, valid %v: %s", c.Try, c.Valid, c.InvalidReason)
			}
			p.leavesNothing(left)
			// For a while, another namespace may have the number of an old one.
			eventually(t, "the namespaces are gone", func() bool { return len(inhabited(nets)) == 0 })
		})
	}
}

// oldest returns the process that was started first. In a server it started the
// others.
func oldest(pids []string) (first string) {
	var since int
	for _, pid := range pids {
		b, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue
		}
		// starttime is the 22nd field, and the 20th after the name (proc_pid_stat(5)).
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if at, err := strconv.Atoi(fields[19]); err == nil && (first == "" || at < since) {
			first, since = pid, at
		}
	}
	return first
}
