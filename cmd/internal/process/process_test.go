package process

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
)

type message struct{ Text string }

// testRoles are the roles of this test binary.
var testRoles = map[string]Role{
	"echo": func(_ context.Context, in *json.Decoder, out *gob.Encoder) error {
		for {
			var m message
			if err := in.Decode(&m); err != nil {
				return nil
			}
			if err := out.Encode(m); err != nil {
				return err
			}
		}
	},
	"fail": func(context.Context, *json.Decoder, *gob.Encoder) error { return errors.New("on purpose") },
	"wait": func(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
		var m message
		if err := in.Decode(&m); err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go CancelAtNextMessage(in, cancel)
		<-ctx.Done()
		return out.Encode(m)
	},
}

// TestMain runs the children, which are this test binary again.
func TestMain(m *testing.M) {
	if code, ran := Run(testRoles); ran {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func start(t *testing.T, make func(string) (*Child, error), role string) *Child {
	t.Helper()
	c, err := make(role)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start((*exec.Cmd).Start, message{"first"}); err != nil {
		t.Fatal(err)
	}
	return c
}

func receive(t *testing.T, c *Child, want string) {
	t.Helper()
	var m message
	if err := c.Receive(&m); err != nil || m.Text != want {
		t.Errorf("received %q, %v, want %q", m.Text, err, want)
	}
}

func TestMessagesAreAnsweredInOrderUntilTheInputEnds(t *testing.T) {
	for name, newChild := range map[string]func(string) (*Child, error){"own streams": New, "shared streams": NewWithStreams} {
		t.Run(name, func(t *testing.T) {
			c := start(t, newChild, "echo")
			receive(t, c, "first")
			if err := c.Send(message{"second"}); err != nil {
				t.Fatal(err)
			}
			receive(t, c, "second")
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAWaitingChildEndsAtTheNextMessage(t *testing.T) {
	c := start(t, New, "wait")
	if err := c.Send(message{}); err != nil {
		t.Fatal(err)
	}
	receive(t, c, "first")
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTheCauseOfABrokenConversationIsTheExitCode(t *testing.T) {
	for role, want := range map[string]int{"fail": 1, "no such role": 2} {
		c, err := New(role)
		if err != nil {
			t.Fatal(err)
		}
		// The child may end before it has read its specification.
		_ = c.Start((*exec.Cmd).Start, message{})
		var m message
		err = c.Receive(&m)
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: received %+v, %v", role, m, err)
		}
		var exit *exec.ExitError
		if cause := c.Cause(err); !errors.As(cause, &exit) || exit.ExitCode() != want {
			t.Errorf("%s: the cause is %v, want exit code %d", role, cause, want)
		}
	}
}

func TestAKilledChildIsGone(t *testing.T) {
	c := start(t, New, "wait")
	c.Kill()
	if c.Cmd.ProcessState == nil || c.Cmd.ProcessState.Success() {
		t.Errorf("its state is %v", c.Cmd.ProcessState)
	}
}

func TestRunDoesNothingInAProcessWithoutARole(t *testing.T) {
	if code, ran := Run(testRoles); ran || code != 0 {
		t.Errorf("exit code %d, ran: %v", code, ran)
	}
}
