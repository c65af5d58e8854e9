package drivers

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// versionTimeout bounds the command that prints a client's version.
const versionTimeout = 20 * time.Second

// MissingError means that a client is not installed.
type MissingError struct {
	client Client
	err    error // what the version command met
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("client %s is not installed: install the Debian packages %s (%v)",
		e.client.Name, strings.Join(e.client.Packages, " "), e.err)
}

func (e *MissingError) Unwrap() error { return e.err }

// Installed runs the client's version command and returns the version, or a
// *MissingError.
func (c Client) Installed(ctx context.Context) (version string, err error) {
	if c.Role != "" {
		return runtime.Version(), nil
	}
	limited, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(limited, c.Version.Command[0], c.Version.Command[1:]...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", &MissingError{c, fmt.Errorf("%s: %w", c.Version.Command[0], err)}
	}
	found := regexp.MustCompile(c.Version.Match).FindSubmatch(out)
	if found == nil {
		return "", &MissingError{c, fmt.Errorf("%s prints no version", c.Version.Command[0])}
	}
	return string(found[1]), nil
}
