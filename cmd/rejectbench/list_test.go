package main

import (
	"strings"
	"testing"
)

// contract has the words that other programs pass and parse, in order. Words may be
// added, but none may change or be removed.
var contract = map[string]string{
	"strategies": `linger-zero close shutdown read-header read-request lingering-close wait-acked drain-until-acked
		drain-available delayed-close defer-accept backlog nethttp`,
	"clients": `blocking tolerant duplex slow-reader nethttp
		curl go-nethttp go-nethttp-close java-http node-fetch node-http python-http python-httpx python-requests python-urllib3 wget`,
	"outcomes": `admitted delivered delivered-then-reset truncated reset-connect reset-send reset-receive broken-pipe
		closed refused timeout-connect timeout-send timeout-receive bad-response local-error`,
}

func TestListHasEveryWordOfTheContractWithASummary(t *testing.T) {
	for kind, words := range contract {
		stdout, stderr, code := rejectbench("list", kind)
		if code != exitDone || stderr != "" {
			t.Fatalf("list %s: exit code %d, %s", kind, code, stderr)
		}
		var names []string
		for line := range strings.Lines(stdout) {
			name, summary, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if strings.TrimSpace(summary) == "" {
				t.Errorf("list %s: %s has no summary", kind, name)
			}
			names = append(names, name)
		}
		want := strings.Join(strings.Fields(words), " ")
		if got := strings.Join(names, " "); got != want {
			t.Errorf("list %s names\n%s, want\n%s", kind, got, want)
		}
	}
}

func TestListLongHasUsersAndFailuresOfEveryStrategy(t *testing.T) {
	stdout, _, code := rejectbench("list", "strategies", "--long")
	n := len(strings.Fields(contract["strategies"]))
	if code != exitDone || strings.Count(stdout, "used by: ") != n || strings.Count(stdout, "fails: ") != n {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}
