//go:build !linux

package sweep

import "github.com/rejectbench/rejectbench/cmd/internal/process"

// calibrationRoles are none: Linux alone has paths that lose packets.
func calibrationRoles() map[string]process.Role { return nil }
