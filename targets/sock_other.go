//go:build !linux

package targets

import (
	"errors"
	"syscall"
	"time"
)

const onLinux = false

func waitAcked(Conn, time.Duration) error { return errors.ErrUnsupported }

func finAcked(Conn) (bool, error) { return false, errors.ErrUnsupported }

func roundTrip(Conn) (time.Duration, error) { return 0, errors.ErrUnsupported }

func peek(Conn, []byte, time.Duration) error { return errors.ErrUnsupported }

func available(Conn) (int, error) { return 0, errors.ErrUnsupported }

func deferAccept(Bounds, syscall.RawConn) error { return errors.ErrUnsupported }
