package impair

import (
	"errors"
	"fmt"
	"strings"
)

// Check returns an error if no path can have these impairments: a *SettingError
// that names the invalid setting.
func (im Set) Check() error {
	for i, d := range directions {
		if err := im.checkWay(d, *d.of(&im), *directions[1-i].of(&im)); err != nil {
			return err
		}
	}
	if int(im.Fault) >= len(Faults) {
		return &SettingError{Setting{"fault", im.Fault.String()}, errors.New("unknown fault: use one of " + faultNames())}
	}
	return nil
}

// checkWay checks one direction; other is the opposite one.
func (im Set) checkWay(d direction, one, other OneWay) error {
	fail := func(quantity, value, format string, args ...any) error {
		return &SettingError{Setting{im.keyOf(quantity, value, d), value}, fmt.Errorf(format, args...)}
	}
	for _, s := range []struct {
		name  string
		share float64
	}{{"loss", one.Loss}, {"reorder", one.Reorder}, {"duplicate", one.Duplicate}} {
		if !(s.share >= 0 && s.share <= 1) {
			return fail(s.name, fmt.Sprint(s.share), "must be between 0 and 1")
		}
	}
	burst := one.LossBurst
	switch {
	case one.Delay < 0 || one.Delay > MaxDelay:
		return fail("delay", one.Delay.String(), "must be between 0 and %v", MaxDelay)
	case one.Jitter < 0:
		return fail("jitter", one.Jitter.String(), "must not be negative")
	case one.Jitter > one.Delay:
		return fail("jitter", one.Jitter.String(), "must not exceed the one-way delay of %v, which it varies", one.Delay)
	case int(one.Distribution) >= len(distributions):
		return fail("jitter-distribution", one.Distribution.String(), "unknown distribution: use %s", strings.Join(distributions[:], " or "))
	case burst != 0 && !(burst >= 1 && burst <= MaxLossBurst):
		return fail("loss-burst", getBurst(one), "must be between 1 and %d packets", MaxLossBurst)
	case burst > 1 && one.Loss < 1 && one.Loss > burst/(burst+1):
		return fail("loss", FormatShare(one.Loss), "bursts of %s packets, separated by at least one packet, lose at most %.4g%%", getBurst(one), 100*burst/(burst+1))
	case one.Reorder > 0 && one.Delay == 0:
		return fail("reorder", FormatShare(one.Reorder), "needs a delay: a reordered packet overtakes by not being delayed")
	case one.Rate != 0 && (one.Rate < MinRate || one.Rate > MaxRate):
		return fail("rate", fmt.Sprintf("%dbit", one.Rate), "must be between 1kbit and 1000Gbit")
	case one.QueueBytes != 0 && one.QueueTime != 0:
		return fail("queue", getQueue(one), "must be bounded in bytes or by time, not both")
	case one.QueueBytes < 0 || one.QueueBytes > MaxQueueBytes || one.QueueTime < 0 || one.QueueTime > MaxQueueTime:
		return fail("queue", getQueue(one), "must be between 1 byte and 1 GiB, or between 0 and %v", MaxQueueTime)
	// A queue given for both directions is valid if one of them has a rate.
	case getQueue(one) != "" && one.Rate == 0 && (other.Rate == 0 || getQueue(one) != getQueue(other)):
		return fail("queue", getQueue(one), "has no effect without a rate: set rate%s", d.ending)
	}
	return nil
}

// keyOf returns the key of a quantity's value in a direction. It is the key for
// both directions if both have this value.
func (im Set) keyOf(quantity, value string, d direction) string {
	for _, k := range effectKeys {
		if k.Name == quantity && k.get(im) == value {
			return quantity
		}
	}
	return quantity + d.ending
}
