//go:build !linux

package targets

import (
	"errors"
	"syscall"
	"time"
)

const onLinux = false

func waitAcked(tcpConn, time.Duration) error { return errors.ErrUnsupported }

func finAcked(tcpConn) (bool, error) { return false, errors.ErrUnsupported }

func roundTrip(tcpConn) (time.Duration, error) { return 0, errors.ErrUnsupported }

func peek(tcpConn, []byte, time.Duration) error { return errors.ErrUnsupported }

func available(tcpConn) (int, error) { return 0, errors.ErrUnsupported }

func deferAccept(Bounds, syscall.RawConn) error { return errors.ErrUnsupported }
