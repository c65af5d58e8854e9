package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// pseudoTerminal opens a terminal of a size: what the program writes to far is read
// from near.
func pseudoTerminal(t *testing.T, width, height uint16) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { near.Close() })
	if err := unix.IoctlSetPointerInt(int(near.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(near.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(near.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}); err != nil {
		t.Fatal(err)
	}
	if far, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// onTerminal runs a command line whose outputs are a terminal of a size, and returns
// what the terminal got, with line feeds alone.
func onTerminal(t *testing.T, width, height uint16, env []string, args ...string) (text string, code int) {
	t.Helper()
	near, far := pseudoTerminal(t, width, height)
	p := prepare(t, args...)
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdout, p.cmd.Stderr = far, far
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	var b bytes.Buffer
	// The read ends with EIO once no process has the terminal open.
	if _, err := io.Copy(&b, near); err != nil && !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	return strings.ReplaceAll(b.String(), "\r\n", "\n"), p.cmd.ProcessState.ExitCode()
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// longestLine returns the longest line, in columns, without colours and movements of the
// cursor.
func longestLine(text string) (n int, longest string) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = escapes.ReplaceAllString(line, "")
		if c := utf8.RuneCountInString(line); c > n {
			n, longest = c, line
		}
	}
	return n, longest
}

// recordedRun returns a copy of a run of the repository, for a command that writes to its
// folder.
func recordedRun(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "results", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheScreenOfARunFitsTheTerminal(t *testing.T) {
	for _, name := range []string{"reference", "scenarios"} {
		dir := recordedRun(t, name)
		for _, size := range [][2]uint16{{80, 24}, {160, 50}} {
			text, code := onTerminal(t, size[0], size[1], nil, "report", dir)
			results, _, found := strings.Cut(text, "\nreport: ") // the path may be longer than a line
			if code != exitDone || !found {
				t.Fatalf("exit code %d:\n%s", code, text)
			}
			if n, line := longestLine(results); n > int(size[0]) {
				t.Errorf("%s on %d columns: a line of %d: %s", name, size[0], n, line)
			}
			if answer, _, _ := strings.Cut(results, "\n\n"); strings.Count(answer, "\n") >= 12 {
				t.Errorf("%s on %d columns: the answer is longer than 12 lines:\n%s", name, size[0], answer)
			}
		}
	}
}

func TestColoursNeedATerminalAndObeyNoColor(t *testing.T) {
	dir := recordedRun(t, "reference")
	coloured := func(env ...string) bool {
		text, _ := onTerminal(t, 80, 24, env, "report", dir)
		return strings.Contains(text, "\x1b[")
	}
	if !coloured("TERM=xterm", "NO_COLOR=") || coloured("TERM=xterm", "NO_COLOR=1") || coloured("TERM=dumb", "NO_COLOR=") {
		t.Error("want colours on a terminal alone, and none with NO_COLOR or on one that is dumb")
	}
	if stdout, _, _ := rejectbench("report", dir); strings.Contains(stdout, "\x1b") {
		t.Error("colours without a terminal")
	}
}

func TestProgressAndResultsOfARunFitATerminalOf80Columns(t *testing.T) {
	text, _ := onTerminal(t, 80, 24, nil, "run", "--path", "loopback", "--rtt", "0", "--strategy", "close,lingering-close", "--body", "0,64KiB", "--concurrency", "4", "--requests", "20", "--rounds", "1")
	results, _, found := strings.Cut(text, "\nreport: ")
	if n, line := longestLine(results); n > 80 || !found {
		t.Errorf("a line of %d: %s\n%q", n, line, text)
	}
}

func TestTheHelpOfEveryCommandFits80Columns(t *testing.T) {
	for _, c := range rootCommand().Commands() {
		stdout, _, _ := rejectbench(c.Name(), "--help")
		if n, line := longestLine(stdout); n > helpWidth {
			t.Errorf("%s --help: a line of %d: %s", c.Name(), n, line)
		}
	}
}
