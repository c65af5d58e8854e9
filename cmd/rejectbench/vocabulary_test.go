package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/results"
)

func TestNearestFindsMisspeltWordsAndNoOthers(t *testing.T) {
	known := []string{"linger-zero", "close", "shutdown", "lingering-close", "nginx", "limit", "on"}
	for word, want := range map[string]string{
		"lingerin-close": "lingering-close", "Close": "close", "closed": "close", "ngnix": "nginx", "shut": "shutdown", "limt": "limit",
		"linger": "", "nosuch": "", "": "", "x": "", "o": "", "telnet": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
}

func TestEditDistanceCountsEditsAndSwaps(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "adc", 1}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"kitten", "sitting", 3}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q takes %d edits, want %d", c.a, c.b, got, c.want)
		}
	}
}

// completed returns the words that a shell would offer, without their descriptions.
func completed(t *testing.T, args ...string) (words []string) {
	t.Helper()
	stdout, _, code := rejectbench(append([]string{"__complete"}, args...)...)
	if code != exitDone {
		t.Fatalf("%v: exit code %d", args, code)
	}
	for line := range strings.Lines(stdout) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, ":") {
			word, _, _ := strings.Cut(line, "\t")
			words = append(words, word)
		}
	}
	return words
}

func TestEveryVocabularyCompletes(t *testing.T) {
	with := func(v vocabulary, more ...string) []string { return append(v.names(), more...) }
	for args, want := range map[string][]string{
		"run --strategy":                with(strategyWords, "all"),
		"run --client":                  with(anyClientWords, "all"),
		"run --tls":                     onOff.names(),
		"run --server":                  serverWords(new(string)).names(),
		"run --scenario":                with(scenarioWords, "all"),
		"run --path":                    pathKinds.names(),
		"run --profile":                 profileWords.names(),
		"run --fault":                   faultWords.names(),
		"run --jitter-distribution":     distributionWords.names(),
		"run --format":                  textOrJSON.names(),
		"tune --strategy":               strategyWords.names(),
		"tune --setting":                tuneSettings.names(),
		"tune --client":                 clientWords.names(),
		"tune --fault":                  faultWords.names(),
		"exec --strategy":               strategyWords.names(),
		"exec --server":                 serverWords(new(string)).names(),
		"exec --jitter-distribution-up": distributionWords.names(),
		"serve --strategy":              strategyWords.names(),
		"load --client":                 clientWords.names(),
		"doctor --path":                 {"auto", "netem", "delayline"},
		"compare --metric":              with(metricsWithShares, "all"),
		"compare --gate":                with(metricsWithShares, "all"),
		"compare --format":              formatsOfCompare.names(),
		"check --format":                formatsOfCheck.names(),
		"list":                          {"strategies", "clients", "arrivals", "placements", "outcomes", "paths", "faults", "settings", "directives", "scenarios", "servers"},
		"schema":                        schemaWords.names(),
	} {
		if got := completed(t, append(strings.Fields(args), "")...); !slices.Equal(got, want) || len(got) < 2 {
			t.Errorf("%s offers %q, want %q", args, got, want)
		}
	}
}

func TestFlagsThatTakeNoFileCompleteNone(t *testing.T) {
	for args, want := range map[string]cobra.ShellCompDirective{
		"run --rtt": cobra.ShellCompDirectiveNoFileComp, "run --body": cobra.ShellCompDirectiveNoFileComp,
		"run --name": cobra.ShellCompDirectiveNoFileComp, "compare --rename": cobra.ShellCompDirectiveNoFileComp,
		"list strategies": cobra.ShellCompDirectiveNoFileComp, "serve --listen": cobra.ShellCompDirectiveNoFileComp,
		"run --path-file": cobra.ShellCompDirectiveDefault, "check --rules": cobra.ShellCompDirectiveDefault,
	} {
		stdout, _, _ := rejectbench(append([]string{"__complete"}, append(strings.Fields(args), "")...)...)
		if got := fmt.Sprintf(":%d\n", want); !strings.HasSuffix(stdout, got) {
			t.Errorf("%s offers %q, want %q at the end", args, stdout, got)
		}
	}
	if got, want := completed(t, "check", "--rules", ""), []string{builtinRules}; !slices.Equal(got, want) {
		t.Errorf("check --rules offers %q, want %q", got, want)
	}
	if got, want := completed(t, "run", "--congestion", ""), congestionWords.names(); !slices.Equal(got, want) {
		t.Errorf("run --congestion offers %q, want %q", got, want)
	}
}

func TestListsCompleteAfterEachComma(t *testing.T) {
	for _, c := range []struct {
		args, begun string
		want        []string
	}{
		{"run --strategy", "close,linger", []string{"close,linger-zero", "close,lingering-close"}},
		{"run --strategy", "linger-zero,lingering-close,linger", nil},
		{"run --strategy", "close,al", nil},
		{"run --client", "duplex,b", []string{"duplex,blocking"}},
		{"tune --client", "blocking=70,b", nil},
		{"tune --client", "blocking=70,d", []string{"blocking=70,duplex"}},
		{"run --tls", "off,", []string{"off,on"}},
		{"compare --gate", "hold_ms,delivered", []string{"hold_ms,delivered_share"}},
	} {
		if got := completed(t, append(strings.Fields(c.args), c.begun)...); !slices.Equal(got, c.want) {
			t.Errorf("%s %s offers %q, want %q", c.args, c.begun, got, c.want)
		}
	}
}

func TestServersOfAFolderComplete(t *testing.T) {
	dir := t.TempDir()
	const server = `name: mine
summary: a server of a folder
packages: [mine]
command: [mine, "{host}:{port}"]
version: { command: [mine, -v], pattern: 'v(\S+)' }
variants:
  - { name: deny, summary: denies, source: none }
`
	if err := os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte(server), 0o644); err != nil {
		t.Fatal(err)
	}
	want := []string{"mine", "mine:deny"}
	if got := completed(t, "run", "--catalogue", dir, "--server", "min"); !slices.Equal(got, want) {
		t.Errorf("run offers %q, want %q", got, want)
	}
	if got := completed(t, "exec", "--catalogue", dir, "--server", "min"); !slices.Equal(got, want) {
		t.Errorf("exec offers %q, want %q", got, want)
	}
}

func TestEveryCoordinateWithAFlagIsAFlagOfRun(t *testing.T) {
	cmd := new(runFlags).command()
	for _, c := range results.Coordinates {
		if c.Flag != "" && cmd.Flags().Lookup(c.Flag) == nil {
			t.Errorf("run has no --%s", c.Flag)
		}
	}
	for name := range coordinateWords {
		if results.CoordinateByName(name) == nil {
			t.Errorf("no coordinate %s", name)
		}
	}
}
