package catalogue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// ErrNotInstalled says that a server is not on this machine.
var ErrNotInstalled = errors.New("not installed")

// versionTimeout bounds how long a server may take to say its version; a Java
// one on a busy machine takes seconds.
const versionTimeout = 20 * time.Second

// adminFolders are where Debian has servers; an ordinary user's PATH lacks them.
var adminFolders = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

// LookPath finds a program in PATH, and then where Debian has its servers.
func LookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil || filepath.Base(name) != name {
		return path, err
	}
	for _, folder := range adminFolders {
		if path, e := exec.LookPath(filepath.Join(folder, name)); e == nil {
			return path, nil
		}
	}
	return "", err
}

// Installed returns the version of the server on this machine. The error wraps
// ErrNotInstalled if it is not there, and says how to get it.
func (s Server) Installed(ctx context.Context) (version string, err error) {
	missing := func(why error) error {
		return fmt.Errorf("%s is %w (%w): %s", s.Name, ErrNotInstalled, why, s.Install())
	}
	if _, err := LookPath(s.Command[0]); err != nil {
		return "", missing(err)
	}
	for _, file := range s.Requires {
		if _, err := os.Stat(file); err != nil {
			return "", missing(err)
		}
	}
	program, err := LookPath(s.Version.Command[0])
	if err != nil {
		return "", missing(err)
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, s.Version.Command[1:]...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return "", fmt.Errorf("ask %s for its version: %w", s.Name, ctx.Err())
	}
	match := regexp.MustCompile(s.Version.Pattern).FindSubmatch(out)
	if match == nil {
		if err == nil {
			err = fmt.Errorf("%s prints no version", s.Version.Command[0])
		}
		return "", missing(err)
	}
	return string(match[1]), nil
}
