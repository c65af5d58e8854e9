package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// served starts `serve` on loopback and returns its URL, and a function that
// interrupts it and returns its standard output.
func served(t *testing.T, args ...string) (url string, interrupt func() string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt can be sent to a process")
	}
	cmd := exec.Command("rejectbench", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	stderr := bufio.NewReader(pipe)
	line, err := stderr.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`listening on (127\.0\.0\.1:\d+),`).FindStringSubmatch(line)
	if address == nil {
		t.Fatalf("serve says %q", line)
	}
	return "http://" + address[1] + "/", func() string {
		t.Helper()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(stderr)
		if err := cmd.Wait(); err != nil {
			t.Fatalf("serve ended with %v after an interrupt: %s", err, rest)
		}
		return stdout.String()
	}
}

func TestLoadPrintsOneRecordThatAddsUp(t *testing.T) {
	url, interrupt := served(t, "--strategy", "lingering-close", "--format", "json")
	stdout, stderr, code := rejectbench("load", url, "--requests", "40", "--concurrency", "4", "--body", "16KiB", "--format", "json")
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	cells, err := readCells(t, stdout)
	if err != nil || len(cells) != 1 {
		t.Fatalf("%d records, %v", len(cells), err)
	}
	c := cells[0]
	if c.Strategy != externalStrategy || c.Attempts != 40 || c.Outcomes.Total() != 40 || c.Delivered != 40 || c.Rejected != 40 || !c.Valid || c.BodyBytes != 16<<10 {
		t.Errorf("record %+v", c)
	}
	var totals results.Server
	if err := json.Unmarshal([]byte(interrupt()), &totals); err != nil {
		t.Fatal(err)
	}
	if totals.Accepted != 40 || totals.Rejected != 40 || totals.Admitted != 0 || totals.BytesDrained < 40*16<<10 {
		t.Errorf("the server's totals are %+v", totals)
	}
}

func TestServeAdmitsUpToItsLimitAndPrintsTotalsAtAnInterrupt(t *testing.T) {
	url, interrupt := served(t, "--strategy", "close", "--limit", "1", "--service-time", "0")
	stdout, stderr, code := rejectbench("load", url, "--requests", "5", "--concurrency", "1", "--arrivals", "closed")
	if code != exitDone || stderr != "" || !strings.HasPrefix(stdout, "nothing was rejected\n5 attempts in ") {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	totals := interrupt()
	if !strings.HasPrefix(totals, "accepted 5, admitted 5, rejected 0\n") {
		t.Errorf("the totals are:\n%s", totals)
	}
}

func TestServeWithoutClientsEndsAtAnInterrupt(t *testing.T) {
	_, interrupt := served(t)
	if totals := interrupt(); !strings.HasPrefix(totals, "accepted 0, admitted 0, rejected 0\n") {
		t.Errorf("the totals are:\n%s", totals)
	}
}

func TestLoadOfAClosedPortRecordsRefusals(t *testing.T) {
	// A free port may be taken at any moment, but no program listens on port 1.
	stdout, stderr, code := rejectbench("load", "http://127.0.0.1:1/", "--requests", "3", "--concurrency", "1", "--format", "json")
	if want := "rejectbench: no attempt was answered: all 3 were refused\n"; code != exitUnanswered || stderr != want {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	cells, err := readCells(t, stdout)
	if err != nil || len(cells) != 1 {
		t.Fatalf("%d records, %v", len(cells), err)
	}
	c := cells[0]
	if c.Outcomes[results.Refused] != 3 || c.DeliveredShare != nil {
		t.Errorf("record %+v", c)
	}
}
