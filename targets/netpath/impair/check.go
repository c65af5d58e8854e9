package impair

import (
	"errors"
	"fmt"
	"strings"
)

// Check tells whether a path can have these impairments. An error is a
// *SettingError that names the setting at fault.
func (im Set) Check() error {
	for i, d := range directions {
		one, other := *d.of(&im), *directions[1-i].of(&im)
		fail := func(quantity string, value string, format string, args ...any) error {
			key := quantity + d.ending
			// The setting was given for both directions if it is the same in both.
			for _, k := range effectKeys {
				if k.Name == quantity && k.get(im) == value {
					key = quantity
				}
			}
			return &SettingError{Setting{key, value}, fmt.Errorf(format, args...)}
		}
		for _, s := range []struct {
			name  string
			share float64
		}{{"loss", one.Loss}, {"reorder", one.Reorder}, {"duplicate", one.Duplicate}} {
			if !(s.share >= 0 && s.share <= 1) {
				return fail(s.name, fmt.Sprint(s.share), "a share is within 0 and 1")
			}
		}
		burst := one.LossBurst
		switch {
		case one.Delay < 0 || one.Delay > MaxDelay:
			return fail("delay", one.Delay.String(), "not within 0 and %v", MaxDelay)
		case one.Jitter < 0:
			return fail("jitter", one.Jitter.String(), "a duration cannot be negative")
		case one.Jitter > one.Delay:
			return fail("jitter", one.Jitter.String(), "more than the one-way delay of %v, which it varies", one.Delay)
		case int(one.Distribution) >= len(distributions):
			return fail("jitter-distribution", one.Distribution.String(), "there are %s", strings.Join(distributions[:], " and "))
		case burst != 0 && !(burst >= 1 && burst <= MaxLossBurst):
			return fail("loss-burst", getBurst(one), "not within 1 and %d packets", MaxLossBurst)
		case burst > 1 && one.Loss < 1 && one.Loss > burst/(burst+1):
			return fail("loss", FormatShare(one.Loss), "bursts of %s packets, with a packet between any two, lose at most %.4g%%", getBurst(one), 100*burst/(burst+1))
		case one.Reorder > 0 && one.Delay == 0:
			return fail("reorder", FormatShare(one.Reorder), "a packet overtakes by not being delayed, and there is no delay")
		case one.Rate != 0 && (one.Rate < MinRate || one.Rate > MaxRate):
			return fail("rate", fmt.Sprintf("%dbit", one.Rate), "not within 1kbit and 1000Gbit")
		case one.QueueBytes != 0 && one.QueueTime != 0:
			return fail("queue", getQueue(one), "it is bounded in bytes or by time, not both")
		case one.QueueBytes < 0 || one.QueueBytes > MaxQueueBytes || one.QueueTime < 0 || one.QueueTime > MaxQueueTime:
			return fail("queue", getQueue(one), "not within 1 byte and 1 GiB, or 0 and %v", MaxQueueTime)
		// A queue for both directions may serve the one that has a rate.
		case getQueue(one) != "" && one.Rate == 0 && (other.Rate == 0 || getQueue(one) != getQueue(other)):
			return fail("queue", getQueue(one), "nothing waits without a rate: set rate%s", d.ending)
		}
	}
	if int(im.Fault) >= len(Faults) {
		return &SettingError{Setting{"fault", im.Fault.String()}, errors.New("there are " + faultNames())}
	}
	return nil
}
