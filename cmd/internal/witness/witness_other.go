//go:build !linux

package witness

import "time"

// Take returns ErrUnknown.
func Take() (Sample, error) { return Sample{}, ErrUnknown }

// Waited returns ErrUnknown.
func Waited(...int) (time.Duration, error) { return 0, ErrUnknown }
