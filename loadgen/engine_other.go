//go:build !linux

package loadgen

import (
	"context"
	"errors"
)

const hasEpoll = false

func runEpoll(context.Context, Config, Client) (*Result, error) {
	return nil, errors.ErrUnsupported
}
