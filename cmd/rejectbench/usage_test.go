package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// usage returns what every command says of itself, as a block of Markdown a
// command. What cobra adds on its own account (help, completion) is left out.
func usage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	var describe func(path []string, c *cobra.Command)
	describe = func(path []string, c *cobra.Command) {
		args := append(path[:len(path):len(path)], "--help")
		stdout, stderr, code := rejectbench(args[1:]...)
		if code != exitDone || stderr != "" {
			t.Fatalf("%s: exit code %d, %s", strings.Join(args, " "), code, stderr)
		}
		b.WriteString("```\n$ " + strings.Join(args, " ") + "\n" + strings.TrimSpace(stdout) + "\n```\n\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" && sub.Name() != "completion" {
				describe(append(args[:len(args)-1:len(args)-1], sub.Name()), sub)
			}
		}
	}
	describe([]string{"rejectbench"}, rootCommand())
	return b.String()
}

// golden compares text with a file of testdata, or writes it there with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-file +now); go test ./cmd/rejectbench -update writes it again:\n%s", path, diff)
	}
}

func TestHelpOfEveryCommandIsAsRecorded(t *testing.T) {
	golden(t, "help.md", usage(t))
}

// The marks in README.md between which the usage stands.
const usageStart, usageEnd = "<!-- usage -->\n", "<!-- /usage -->"

func TestReadmeHasTheUsageOfEveryCommand(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skip("there is no README.md yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), usageStart)
	have, after, closed := strings.Cut(rest, usageEnd)
	if !found || !closed {
		t.Fatalf("README.md has no place for the usage, from %q to %q", strings.TrimSpace(usageStart), usageEnd)
	}
	want := "\n" + usage(t)
	if *update {
		if err := os.WriteFile(path, []byte(before+usageStart+want+usageEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(have, want); diff != "" {
		t.Errorf("the usage in README.md differs (-file +now); go test ./cmd/rejectbench -run Readme -update writes it again:\n%s", diff)
	}
}
