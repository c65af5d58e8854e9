package results

import (
	"cmp"
	"slices"
)

// AddWire returns the sum of two records of a path. Either may be nil, and neither
// is changed. A record with missed packets is incomplete: the other one is returned
// if it is complete, otherwise only the number missed. Percentiles are combined: see
// CombinePercentiles. Of the disagreements the first by port are listed.
func AddWire(a, b *Wire) *Wire {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.Missed > 0 && b.Missed > 0:
		return &Wire{Missed: a.Missed + b.Missed, Agreement: WireAgreement{Disagreements: []WireDisagreement{}}}
	case a.Missed > 0:
		return b
	case b.Missed > 0:
		return a
	}
	all := *a
	all.Packets += b.Packets
	all.Connections += b.Connections
	all.Resets = sumCounts(a.Resets, b.Resets)
	all.ResetsSent += b.ResetsSent
	all.ResetsLost += b.ResetsLost
	all.Rejections += b.Rejections
	all.Fates = sumCounts(a.Fates, b.Fates)
	all.FateOutcomes = map[string]map[string]int64{}
	for _, w := range []*Wire{a, b} {
		for fate, outcomes := range w.FateOutcomes {
			all.FateOutcomes[fate] = sumCounts(all.FateOutcomes[fate], outcomes)
		}
	}
	all.Retransmitted += b.Retransmitted
	all.ArrivedAfterReset += b.ArrivedAfterReset
	all.AnswerToResetMs = CombinePercentiles([]Percentiles{a.AnswerToResetMs, b.AnswerToResetMs})
	all.BytesAfterAnswer = CombinePercentiles([]Percentiles{a.BytesAfterAnswer, b.BytesAfterAnswer})
	all.BytesAfterArrival = CombinePercentiles([]Percentiles{a.BytesAfterArrival, b.BytesAfterArrival})
	all.Agreement = addAgreement(a.Agreement, b.Agreement)
	return &all
}

func addAgreement(a, b WireAgreement) WireAgreement {
	all := a
	all.Wire += b.Wire
	all.Fleet += b.Fleet
	all.Server += b.Server
	all.Agreed += b.Agreed
	all.NeverAccepted += b.NeverAccepted
	all.Disagreed += b.Disagreed
	all.Disagreements = append(slices.Clip(a.Disagreements), b.Disagreements...)
	if all.Disagreements == nil {
		all.Disagreements = []WireDisagreement{}
	}
	slices.SortFunc(all.Disagreements, func(a, b WireDisagreement) int {
		return cmp.Or(cmp.Compare(a.ClientPort, b.ClientPort), cmp.Compare(a.What, b.What),
			cmp.Compare(a.Wire, b.Wire), cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.Server, b.Server))
	})
	all.Disagreements = all.Disagreements[:min(len(all.Disagreements), MaxDisagreements)]
	return all
}

// sumCounts returns the sums of two sets of counts. It changes neither.
func sumCounts(a, b map[string]int64) map[string]int64 {
	sum := make(map[string]int64, len(a))
	addCounts(sum, a)
	addCounts(sum, b)
	return sum
}
