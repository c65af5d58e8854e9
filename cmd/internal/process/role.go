// Package process runs this program again, as one of the processes that a
// measurement is made of, and talks to it.
//
// A measurement takes several processes, so that the CPU time, memory and
// garbage collection of each are measured apart. Every one of them is this
// program, started in a role:
//
//  1. The parent prepares a Child with the name of its role, and starts it.
//  2. In the child, Run finds the name in an environment variable, looks the
//     role up and runs it in place of the command line.
//  3. The parent sends messages in JSON, the role's specification first; the
//     child answers in gob. Standard error is shared.
//  4. The child's input stays open for as long as the parent wants the child.
//     When it ends, whatever ended the parent, the child ends.
//
// A child may start a user's programs, which may leave processes behind.
// BecomeSubreaper and EndChildren end those too.
package process

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// A Role is the task of a child. It reads its specification, the first message, from
// in, and writes its messages to out. ctx ends when the role returns.
type Role func(ctx context.Context, in *json.Decoder, out *gob.Encoder) error

// roleVariable names the environment variable that holds the name of a child's
// role. It is unset or empty in a process that a user started.
const roleVariable = "REJECTBENCH_ROLE"

// Run runs the role that this process was started for, and returns its exit
// code and true. In a process that a user started it returns false at once.
// main calls it first, with all roles of the program by name.
func Run(roles map[string]Role) (code int, ran bool) {
	name := os.Getenv(roleVariable)
	if name == "" {
		return 0, false
	}
	role, ok := roles[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "rejectbench: unknown role %q in %s\n", name, roleVariable)
		return 2, true
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in, out := os.Stdin, os.Stdout
	if os.Getenv(streamsVariable) != "" {
		in, out = os.NewFile(controlIn, "control input"), os.NewFile(controlOut, "control output")
		closeOnExec(in, out)
	}
	// After the parent's end a message to it has to fail, so that the role can clean up.
	// Without this handler, SIGPIPE would end the process. Programs that it starts do
	// not inherit the handler.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// The programs that this process starts must not inherit its role.
	os.Unsetenv(roleVariable)
	os.Unsetenv(streamsVariable)
	if err := role(ctx, json.NewDecoder(in), gob.NewEncoder(out)); err != nil {
		fmt.Fprintf(os.Stderr, "rejectbench: %s process: %v\n", name, err)
		return 1, true
	}
	return 0, true
}

// CancelAtNextMessage waits until the parent sends another message or closes
// the input, and then cancels.
func CancelAtNextMessage(in *json.Decoder, cancel context.CancelFunc) {
	var message struct{}
	_ = in.Decode(&message)
	cancel()
}
