package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/catalogue"
)

// needServer skips a test of a server that is not installed, and returns the version
// of one that is. On CI a missing server is a failure.
func needServer(t *testing.T, s catalogue.Server) (version string) {
	t.Helper()
	needDelays(t)
	version, err := s.Installed(t.Context())
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return version
}

// temporary gives the program its own TMPDIR, and returns a function that lists what
// is left there: files, and processes that were started there. It finds servers that
// overwrite their environment with a title, which relatives does not.
func (p *program) temporary() (left func() []string) {
	p.t.Helper()
	dir, err := os.MkdirTemp("/tmp", "t") // a Unix socket's name is short
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { os.RemoveAll(dir) })
	p.cmd.Env = append(p.cmd.Env, "TMPDIR="+dir)
	return func() []string {
		found, _ := filepath.Glob(filepath.Join(dir, "*"))
		return append(found, processesIn(dir)...)
	}
}

// leavesNothing fails the test if the program left a process, or something that left
// lists.
func (p *program) leavesNothing(left func() []string) {
	p.t.Helper()
	p.allGone()
	if found := left(); len(found) > 0 {
		p.t.Errorf("left: %q", found)
	}
}

// processesIn returns the processes whose working folder is or was below dir.
func processesIn(dir string) (found []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if folder, err := os.Readlink(link); err == nil && strings.HasPrefix(folder, dir+"/") {
			title, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
			found = append(found, filepath.Base(filepath.Dir(link))+" "+string(title))
		}
	}
	return found
}

// busy reports whether a cell may be invalid only because the machine is busy.
func busy(reason string) bool {
	for _, part := range []string{"late by", "handshake took", "of the CPU time", "behind its schedule"} {
		if strings.Contains(reason, part) {
			return true
		}
	}
	return false
}

func TestEveryServerVariantRejectsInACellAndLeavesNothing(t *testing.T) {
	for _, s := range knownServers(t) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			version := needServer(t, s)
			var names []string
			for _, v := range s.Variants {
				names = append(names, s.Name+":"+v.Name)
			}
			// A path of 40 ms may be late by 5 ms, so that few cells are measured again
			// while the servers of other tests start.
			p := prepare(t, "run", "--rounds", "1", "--server", strings.Join(names, ","), "--rtt", "40ms", "--body", "100kB", "--concurrency", "4", "--requests", "4",
				"--aa", "0", "--client", "duplex", "--path", "delayline", "--format", "json", "--quiet")
			left := p.temporary()
			p.start()
			stdout, code := p.wait()
			run, err := results.Open(p.out)
			if err != nil {
				t.Fatalf("exit code %d, %v: %s", code, err, p.stderr)
			}
			if got := run.Manifest.Servers; len(got) != 1 || got[s.Name] != version {
				t.Errorf("the manifest's servers are %v, want %s", got, version)
			}
			seen := map[string]bool{}
			for _, c := range run.Cells {
				checkRejections(t, c, s)
				seen[c.Strategy] = true
			}
			if len(seen) != len(names) {
				t.Errorf("cells of %v, want %v:\n%s", seen, names, stdout)
			}
			p.leavesNothing(left)
		})
	}
}

// checkRejections checks the cell of a variant that rejects 4 attempts of a client that
// reads while it sends. That client gets every answer, as no packet is lost.
func checkRejections(t *testing.T, c results.Cell, s catalogue.Server) {
	t.Helper()
	if !c.Valid && !busy(c.InvalidReason) {
		t.Errorf("%s: invalid: %s", c.Strategy, c.InvalidReason)
	}
	o := c.Outcomes
	if c.Attempts != 4 || o.Total() != 4 || c.Rejected != 4 {
		t.Errorf("%s: %d attempts, %d rejected, outcomes %v", c.Strategy, c.Attempts, c.Rejected, o)
	}
	answered := int64(4)
	if slices.ContainsFunc(s.Variants, func(v catalogue.Variant) bool { return v.Silent && s.Name+":"+v.Name == c.Strategy }) {
		answered = 0
	}
	if c.Delivered != answered {
		t.Errorf("%s: delivered %d, want %d: %v", c.Strategy, c.Delivered, answered, o)
	}
	if c.Server.CPUUsPerRejection <= 0 || c.Ledger != (results.Ledger{}) {
		t.Errorf("%s: server %+v, ledger %+v", c.Strategy, c.Server, c.Ledger)
	}
}

// The user has a single uid, so servers cannot change theirs.
func TestOrdinaryUserRunsCatalogueServers(t *testing.T) {
	all := knownServers(t)
	var names []string
	for _, name := range []string{"nginx", "apache", "haproxy", "varnish", "go"} {
		s, _, err := all.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Installed(t.Context()); err == nil || os.Getenv("CI") == "true" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Skip("none is installed")
	}
	p := asOrdinaryUser(t, "run", "--rounds", "1", "--server", strings.Join(names, ","), "--rtt", "5ms", "--body", "0", "--concurrency", "4", "--requests", "8",
		"--aa", "0", "--client", "blocking", "--format", "json", "--quiet")
	p.start()
	stdout := p.done()
	cells, err := readCells(t, stdout)
	if err != nil || len(cells) < len(names) {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	for _, c := range cells {
		if !c.Valid && !busy(c.InvalidReason) || c.Delivered != 8 {
			t.Errorf("%s: delivered %d of 8, %s", c.Strategy, c.Delivered, c.InvalidReason)
		}
	}
	p.allGone()
}

// standIn makes a folder with one server, whose program is the reference server.
func standIn(t *testing.T, command, extra string) string {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf(`name: standin
summary: the reference server
packages: [standin-package]
command: [%s]
version: { command: [echo, v7], pattern: 'v(\d)' }
%svariants:
  - { name: linger, summary: lingers, source: this program, set: { strategy: lingering-close } }
  - { name: reset, summary: resets, source: this program, set: { strategy: linger-zero } }
`, command, extra)
	if err := os.WriteFile(filepath.Join(dir, "standin.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

const serveCommandLine = `rejectbench, serve, --listen, "{host}:{port}", --strategy, "{strategy}"`

func TestServerFromAFolderIsMeasuredLikeAStrategy(t *testing.T) {
	needDelays(t)
	p := prepare(t, "run", "--rounds", "1", "--catalogue", standIn(t, serveCommandLine, ""), "--server", "standin,standin:reset", "--rtt", "10ms", "--body", "1MiB",
		"--concurrency", "4", "--requests", "20", "--aa", "0", "--client", "blocking", "--quiet", "--format", "json")
	left := p.temporary()
	p.start()
	stdout := p.done()
	seen := map[string]int64{}
	cells, err := readCells(t, stdout)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		if c.Rejected != 20 {
			t.Errorf("%s: %d rejected", c.Strategy, c.Rejected)
		}
		seen[c.Strategy] = c.Delivered
	}
	if len(seen) != 2 || seen["standin"] != 20 || seen["standin:reset"] == 20 {
		t.Errorf("delivered %v", seen)
	}
	run, err := results.Open(p.out)
	if err != nil || run.Manifest.Servers["standin"] != "7" {
		t.Errorf("%v, %v", run, err)
	}
	if !slices.ContainsFunc(run.Manifest.Strategies, func(s results.Term) bool {
		return s.Name == "standin:reset" && s.Summary == "the reference server 7: resets"
	}) {
		t.Errorf("the manifest explains %v", run.Manifest.Strategies)
	}
	p.leavesNothing(left)
}

func TestExecStartsCatalogueServers(t *testing.T) {
	needDelays(t)
	p := prepare(t, "exec", "--catalogue", standIn(t, serveCommandLine, ""), "--server", "standin:linger", "--rtt", "10ms", "--path", "delayline", "--",
		"rejectbench", "load", "{url}", "--requests", "10", "--concurrency", "2")
	left := p.temporary()
	p.start()
	stdout, code := p.wait()
	if code != exitDone || !strings.Contains(stdout, "delivered 100.00% of 10 rejections") || !strings.Contains(p.stderr.String(), "server standin:linger, ") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, p.stderr)
	}
	p.leavesNothing(left)
}

func TestCatalogueServersRejectOverTLSAndAtLaterRequests(t *testing.T) {
	all := knownServers(t)
	for servers, requests := range map[string]string{"nginx,haproxy,caddy": "1,3", "go": "1"} {
		t.Run(servers, func(t *testing.T) {
			t.Parallel()
			names := strings.Split(servers, ",")
			for _, name := range names {
				s, _, err := all.Lookup(name)
				if err != nil {
					t.Fatal(err)
				}
				needServer(t, s)
			}
			p := prepare(t, "run", "--rounds", "1", "--server", servers, "--tls", "off,on", "--nth-request", requests, "--rtt", "40ms", "--body", "100kB",
				"--concurrency", "4", "--requests", "4", "--aa", "0", "--client", "duplex", "--path", "delayline", "--format", "json", "--quiet")
			left := p.temporary()
			p.start()
			stdout, code := p.wait()
			cells, err := readCells(t, stdout)
			if err != nil {
				t.Fatalf("exit code %d, %v: %s", code, err, p.stderr)
			}
			seen := map[string]bool{}
			for _, c := range cells {
				if !c.Valid && !busy(c.InvalidReason) || c.Delivered != 4 || c.Rejected != 4 {
					t.Errorf("%s, TLS %v, request %d: delivered %d of %d, %s", c.Strategy, c.TLS, c.NthRequest, c.Delivered, c.Rejected, c.InvalidReason)
				}
				if (c.TLSEnds != nil) != c.TLS {
					t.Errorf("%s, TLS %v: its streams ended %v", c.Strategy, c.TLS, c.TLSEnds)
				}
				seen[fmt.Sprint(c.Strategy, c.TLS, c.NthRequest)] = true
			}
			if want := len(names) * 2 * len(strings.Split(requests, ",")); len(seen) != want {
				t.Errorf("cells of %v, want %d:\n%s", seen, want, p.stderr)
			}
			p.leavesNothing(left)
		})
	}
}

// The README's example server is added as its reader would add it.
func TestReadmeServerWorksFromItsOneFile(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "targets", "catalogue", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "such as `mine/python.yaml`")
	_, rest, begun := strings.Cut(rest, "```yaml\n")
	file, _, closed := strings.Cut(rest, "```\n")
	if !found || !begun || !closed {
		t.Fatal("targets/catalogue/README.md has no mine/python.yaml")
	}
	if n := strings.Count(file, "\n"); n > 30 {
		t.Errorf("%d lines are more than 30", n)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "python.yaml"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := catalogue.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := all.Lookup("python")
	if err != nil {
		t.Fatal(err)
	}
	version := needServer(t, s)
	p := prepare(t, "run", "--rounds", "1", "--catalogue", dir, "--server", "python,python:read-first", "--rtt", "20ms", "--body", "1MiB",
		"--concurrency", "4", "--requests", "20", "--aa", "0", "--client", "blocking", "--path", "delayline", "--format", "json", "--quiet")
	left := p.temporary()
	p.start()
	stdout, code := p.wait()
	run, err := results.Open(p.out)
	if err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, p.stderr)
	}
	if got := run.Manifest.Servers["python"]; got != version {
		t.Errorf("version %q, want %q", got, version)
	}
	seen := map[string]int64{}
	for _, c := range run.Cells {
		if !c.Valid && !busy(c.InvalidReason) || c.Rejected != 20 {
			t.Errorf("%s: %d rejected, %s", c.Strategy, c.Rejected, c.InvalidReason)
		}
		seen[c.Strategy] = c.Delivered
	}
	if len(seen) != 2 || seen["python"] == 20 || seen["python:read-first"] != 20 {
		t.Errorf("delivered %v:\n%s", seen, stdout)
	}
	p.leavesNothing(left)
}

// The server's own message tells the user what is wrong with its configuration.
func TestServerThatDoesNotStartShowsItsOutput(t *testing.T) {
	needDelays(t)
	const set = "set: { strategy: x }\n"
	// Servers that write something before the time limit get seconds for it.
	for name, c := range map[string]struct{ command, extra, timeout, want string }{
		"refuses": {`sh, -c, "echo bad line 7 of {dir}/conf >&2; exit 3 # {strategy}"`, set, "1m",
			"the server standin:linger ended before it listened on 198.18.0.2:8080: exit status 3; it wrote: bad line 7 of {dir}/conf"},
		"waits": {`sh, -c, "echo waiting; sleep 600 # {strategy}"`, set, "3s",
			"the server standin:linger did not listen on 198.18.0.2:8080 within 3s; it wrote: waiting"},
		"never says that it is ready": {serveCommandLine, "ready: never said\n" + set, "3s",
			"the server standin:linger did not say that it is ready (\"never said\") within 3s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, command := range []string{"run", "exec"} {
				args := []string{command, "--catalogue", standIn(t, c.command, c.extra), "--server", "standin", "--rtt", "1ms", "--listen-timeout", c.timeout}
				if command == "exec" {
					args = append(args, "--", "true")
				}
				p := prepare(t, args...)
				left := p.temporary()
				p.start()
				stdout, code := p.wait()
				said := p.stderr.String()
				if code != exitUsage || stdout != "" || !strings.HasPrefix(said, "rejectbench: "+c.want) || strings.Count(said, "\n") != 1 {
					t.Errorf("%s: exit code %d, %s%s", command, code, stdout, said)
				}
				p.leavesNothing(left)
			}
		})
	}
}

func TestKilledCatalogueServerInvalidatesItsCellAndLeavesNothing(t *testing.T) {
	needDelays(t)
	p := prepare(t, "run", "--rounds", "1", "--catalogue", standIn(t, serveCommandLine, ""), "--server", "standin", "--rtt", "10ms", "--body", "64KiB", "--client", "blocking",
		"--concurrency", "4", "--duration", "1s", "--aa", "0", "--format", "json", "--quiet")
	left := p.temporary()
	p.start()
	p.frozen("fleet")
	killed := p.killServers()
	p.thaw()
	stdout, code := p.wait()
	// The fleet's process starts before the server listens, so the server may have been
	// killed before that.
	n := len(regexp.MustCompile(`"invalid_reason":"[^"]*signal: killed`).FindAllString(stdout, -1))
	if code != exitDone && code != exitUnanswered || killed != 1 || n != 1 {
		t.Errorf("%d servers killed, exit code %d, %d records say so:\n%s", killed, code, n, p.stderr)
	}
	p.leavesNothing(left)
}

// A killed run cannot clean up, so its cell does.
func TestKilledRunLeavesNoServersAndNoServerFolders(t *testing.T) {
	needDelays(t)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := prepare(t, "run", "--rounds", "1", "--catalogue", standIn(t, serveCommandLine, ""), "--server", "standin", "--rtt", "10ms", "--body", "64KiB", "--client", "blocking",
				"--concurrency", "4", "--duration", "1s", "--aa", "0", "--format", "json", "--quiet")
			left := p.temporary()
			p.start()
			p.frozen("fleet")
			if len(left()) == 0 {
				t.Error("the server has no folder while it runs")
			}
			if err := p.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_, _ = p.wait()
			eventually(t, "everything is gone", func() bool { return len(relatives(p.variable)) == 0 && len(left()) == 0 })
		})
	}
}

// Root may make network namespaces here, but no user namespaces.
func TestCatalogueServerNeverRunsAsRootWithoutUserNamespaces(t *testing.T) {
	needDelays(t)
	p := prepare(t, "run", "--rounds", "1", "--catalogue", standIn(t, serveCommandLine, ""), "--server", "standin", "--rtt", "1ms")
	forbidNamespaces(p)
	p.cmd.SysProcAttr.UidMappings[0].ContainerID, p.cmd.SysProcAttr.GidMappings[0].ContainerID = 0, 0
	left := p.temporary()
	p.start()
	stdout, code := p.wait()
	said := p.stderr.String()
	if code != exitUnanswered || stdout != "" || strings.Count(said, "\n") != 1 ||
		!strings.Contains(said, "start the server standin:linger as an ordinary user: ") || !strings.Contains(said, "user.max_user_namespaces") {
		t.Errorf("exit code %d, %s%s", code, stdout, said)
	}
	p.leavesNothing(left)
}
