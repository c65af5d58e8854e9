package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
)

func TestInterruptWhileAPathIsChosenIsNoEnvironmentError(t *testing.T) {
	interrupted, cancel := context.WithCancel(context.Background())
	cancel()
	for name, args := range map[string][]string{
		"run":  {"run", "--strategy", "close", "--rtt", "10ms"},
		"tune": {"tune", "--concurrency", "4"},
		"exec": {"exec", "--", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "exec" {
				args = append(args, "--out", filepath.Join(t.TempDir(), "out"))
			}
			root := rootCommand()
			root.SetArgs(args)
			root.SetOut(io.Discard)
			root.SetErr(io.Discard)
			if err := root.ExecuteContext(interrupted); !errors.Is(err, context.Canceled) || errors.As(err, new(unansweredError)) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
