package netpath

import (
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// sendNetem adds a netem qdisc, with bursts as its loss model unless nil.
// netlink.QdiscAdd does not support TCA_NETEM_LOSS. The kernel replaces all
// options of a netem at once, so it could not be added afterwards either.
func sendNetem(q *netlink.Netem, bursts *lossChain) error {
	request := nl.NewNetlinkRequest(unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	request.AddData(&nl.TcMsg{Family: nl.FAMILY_ALL, Ifindex: int32(q.LinkIndex), Handle: q.Handle, Parent: q.Parent})
	request.AddData(nl.NewRtAttr(nl.TCA_KIND, nl.ZeroTerminated(q.Type())))
	request.AddData(netemOptions(q, bursts))
	_, err := request.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// netemOptions encodes the options that netemAttrs and lossBursts set, no others.
func netemOptions(q *netlink.Netem, bursts *lossChain) *nl.RtAttr {
	head := nl.TcNetemQopt{Latency: q.Latency, Limit: q.Limit, Loss: q.Loss, Gap: q.Gap, Duplicate: q.Duplicate}
	options := nl.NewRtAttr(nl.TCA_OPTIONS, head.Serialize())
	if q.ReorderProb > 0 {
		reorder := nl.TcNetemReorder{Probability: q.ReorderProb}
		options.AddRtAttr(nl.TCA_NETEM_REORDER, reorder.Serialize())
	}
	if bursts != nil {
		options.AddRtAttr(nl.TCA_NETEM_LOSS|unix.NLA_F_NESTED, nil).AddRtAttr(netemLossGE, bursts.bytes())
	}
	return options
}
