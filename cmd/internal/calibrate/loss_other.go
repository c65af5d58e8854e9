//go:build !linux

package calibrate

import "github.com/rejectbench/rejectbench/cmd/internal/process"

// Roles returns none: only Linux has paths that lose packets.
func Roles() map[string]process.Role { return nil }
