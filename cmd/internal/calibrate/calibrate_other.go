//go:build !linux

package calibrate

import "github.com/rejectbench/rejectbench/cmd/internal/process"

// Roles are none: Linux alone has paths that lose packets.
func Roles() map[string]process.Role { return nil }
