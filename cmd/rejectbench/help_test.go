package main

import (
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// everyCommand calls f for the root and every command below it.
func everyCommand(f func(*cobra.Command)) {
	root := rootCommand()
	f(root)
	for _, c := range root.Commands() {
		f(c)
	}
}

func TestHelpListsEveryCommandBelow(t *testing.T) {
	everyCommand(func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if !strings.Contains(c.UsageString(), "\n  "+sub.Name()+" ") {
				t.Errorf("the help of %s has no %s", c.CommandPath(), sub.Name())
			}
		}
	})
}

// full is a writer without space, as a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatIsLostIsAFailure(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"run", "--help"}, {"list", "outcomes"}} {
		var stderr strings.Builder
		if code := execute(args, full{}, &stderr); code != exitFailed || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%v: exit code %d: %q", args, code, stderr.String())
		}
	}
}

func TestHelpFitsATerminalOf80Columns(t *testing.T) {
	for line := range strings.Lines(usage(t)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > helpWidth && !strings.HasPrefix(line, "<!--") && !strings.HasPrefix(line, "|") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestHelpShowsEveryFlagOnce(t *testing.T) {
	everyCommand(func(c *cobra.Command) {
		shown := map[string]int{}
		for line := range strings.Lines(c.UsageString()) {
			row, ok := strings.CutPrefix(line, "  -")
			if !ok {
				continue
			}
			_, name, _ := strings.Cut(row, "-")
			name = strings.Fields(name)[0]
			if base, both := strings.CutSuffix(name, "[-up|-down]"); both {
				shown[base]++
				shown[base+"-up"]++
				shown[base+"-down"]++
			} else if base, directions := strings.CutSuffix(name, "-up|-down"); directions {
				shown[base+"-up"]++
				shown[base+"-down"]++
			} else {
				shown[name]++
			}
		}
		c.Flags().VisitAll(func(fl *pflag.Flag) {
			if shown[fl.Name] != 1 {
				t.Errorf("%s: --%s is shown %d times", c.CommandPath(), fl.Name, shown[fl.Name])
			}
		})
	})
}

func TestCommandsWithManyFlagsHaveHeadings(t *testing.T) {
	everyCommand(func(c *cobra.Command) {
		flags, headed := 0, 0
		c.InitDefaultHelpFlag()
		c.Flags().VisitAll(func(fl *pflag.Flag) {
			flags++
			if len(fl.Annotations[headingKey]) > 0 {
				headed++
			}
		})
		if flags > 8 && headed != flags-1 { // --help is cobra's
			t.Errorf("%s: %d of %d flags have a heading", c.CommandPath(), headed, flags)
		}
	})
}
