//go:build !linux

package process

// StartInBackground calls start.
func StartInBackground(start func() error) error { return start() }

// Foreground does nothing on this system.
func Foreground() {}

// Background does nothing on this system.
func Background() {}

func niceEnvironment() []string { return nil }
