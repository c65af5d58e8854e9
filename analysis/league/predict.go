package league

import (
	"math"
	"slices"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

// The fleet's clients that library clients are compared with. One reads after it
// has sent, the other while it sends.
const (
	readsAfter     = "blocking"
	readsMeanwhile = "duplex"
)

// predictionAlpha is the family-wise error over the fields of one prediction.
const predictionAlpha = 0.05

// prediction compares a fleet's client with a library client, over every field in
// which both were measured.
type prediction struct {
	behaviour, client string
	fields            int
	// differ counts the fields whose shares are sure to differ: by the test that
	// compare uses for single rounds, after Holm's correction over the fields, and with 0
	// outside of two intervals: Newcombe's of independent attempts, of the level that
	// correction leaves, and the 95% interval that has regard to the rounds.
	differ int
	// distance is the mean of the differences without their signs.
	distance float64
	// worst is the largest difference, client less behaviour, with its plain 95%
	// interval, and where it is.
	worst, low, high float64
	at               fieldKey
	n                int64 // the fewest independent attempts that a share's count as
	// ours and theirs are the shares of behaviour and client over all fields together,
	// whose attempts count as independent.
	ours, theirs stats.Share
	// unseen is about the largest difference near one half that a field can miss.
	unseen float64
}

// predict compares a fleet's client with a library client.
func (l *League) predict(behaviour, client string) prediction {
	p := prediction{behaviour: behaviour, client: client}
	type pair struct {
		b, c stats.Share
	}
	var pairs []pair
	var tests []stats.Test
	for _, server := range l.servers {
		for _, condition := range l.conditions {
			b, c := l.share(server, behaviour, condition), l.share(server, client, condition)
			if !b.Known() || !c.Known() {
				continue
			}
			t := stats.NewSharesTest([]stats.Stratum{{BaseK: b.K, BaseN: b.N, NewK: c.K, NewN: c.N}})
			tests = append(tests, stats.Test{P: t.P, Smallest: t.Smallest})
			pairs = append(pairs, pair{b, c})
			difference := c.Value - b.Value
			if p.distance += math.Abs(difference); math.Abs(difference) > math.Abs(p.worst) || p.fields == 0 {
				p.worst, p.at = difference, fieldKey{server, client, condition}
				p.low, p.high = c.DifferenceFrom(b)
			}
			if least := int64(min(b.Independent(), c.Independent())); p.fields == 0 || least < p.n {
				p.n = least
			}
			p.ours, p.theirs = p.ours.Plus(b), p.theirs.Plus(c)
			p.fields++
		}
	}
	for i, a := range stats.Adjust(tests, predictionAlpha) {
		level := predictionAlpha / float64(max(a.Tests, 1))
		b, c := pairs[i].b, pairs[i].c
		if a.Possible && a.P <= predictionAlpha && apart(c.DifferenceFrom(b)) &&
			apart(stats.Newcombe(float64(b.K), float64(b.N), float64(c.K), float64(c.N), stats.NormalQuantile(1-level/2))) {
			p.differ++
		}
	}
	if p.fields > 0 {
		p.distance /= float64(p.fields)
		n := float64(p.n)
		_, p.unseen = stats.Newcombe(n/2, n, n/2, n, stats.NormalQuantile(1-predictionAlpha/float64(p.fields)/2))
	}
	return p
}

// apart reports whether an interval of a difference is on one side of 0.
func apart(low, high float64) bool { return low > 0 || high < 0 }

// holds tells whether no field contradicts the prediction.
func (p prediction) holds() bool { return p.fields > 0 && p.differ == 0 }

// likeness compares a library client with both of the fleet's clients.
type likeness struct {
	client           string
	after, meanwhile prediction
}

// likenesses compares every library client with both of the fleet's clients. It
// returns nil if the run lacks one of these.
func (l *League) likenesses() []likeness {
	if !slices.Contains(l.clients, readsAfter) || !slices.Contains(l.clients, readsMeanwhile) {
		return nil
	}
	var all []likeness
	for _, client := range l.clients {
		if l.fleet(client) {
			continue
		}
		k := likeness{client, l.predict(readsAfter, client), l.predict(readsMeanwhile, client)}
		if k.after.fields > 0 && k.meanwhile.fields > 0 {
			all = append(all, k)
		}
	}
	return all
}

// The verdicts on a library client.
const (
	likeBoth       = "compatible with both"
	likeAfter      = "as " + readsAfter
	likeMeanwhile  = "as " + readsMeanwhile
	nearsAfter     = "neither, nearer to " + readsAfter
	nearsMeanwhile = "neither, nearer to " + readsMeanwhile
	likeNeither    = "neither"
)

// verdict names the fleet's client that no field contradicts. If fields contradict
// both, it names the one with the smaller mean difference.
func (k likeness) verdict() string {
	switch a, m := k.after, k.meanwhile; {
	case a.holds() && m.holds():
		return likeBoth
	case a.holds():
		return likeAfter
	case m.holds():
		return likeMeanwhile
	case a.distance < m.distance && a.differ <= m.differ:
		return nearsAfter
	case m.distance < a.distance && m.differ <= a.differ:
		return nearsMeanwhile
	}
	return likeNeither
}
