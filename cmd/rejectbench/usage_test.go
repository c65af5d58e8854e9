package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// usageIntro is the text above the usage of the commands in README.md.
const usageIntro = `<!-- Made by: go test ./cmd/rejectbench -run Usage -update. Do not edit. -->

# Usage of rejectbench

What every command prints with ` + "`--help`" + `. The first has the exit codes.

`

// usage returns the help of every command, each under a heading. The commands
// that cobra adds, help and completion, are left out.
func usage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(usageIntro)
	var describe func(path []string, c *cobra.Command)
	describe = func(path []string, c *cobra.Command) {
		stdout, stderr, code := rejectbench(append(path[1:len(path):len(path)], "--help")...)
		if code != exitDone || stderr != "" {
			t.Fatalf("%s --help: exit code %d, %s", strings.Join(path, " "), code, stderr)
		}
		name := strings.Join(path, " ")
		b.WriteString("## " + name + "\n\n```\n$ " + name + " --help\n" + strings.TrimSpace(stdout) + "\n```\n\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" && sub.Name() != "completion" {
				describe(append(path[:len(path):len(path)], sub.Name()), sub)
			}
		}
	}
	describe([]string{"rejectbench"}, rootCommand())
	return strings.TrimSuffix(b.String(), "\n")
}

// golden compares text with a file, or writes the file with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
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

func TestUsageInReadmeIsTheHelpOfEveryCommand(t *testing.T) {
	golden(t, "README.md", usage(t))
}
