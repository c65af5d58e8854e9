package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The kernel's two causes of a reset after a rejection (net/ipv4/tcp.c, __tcp_close
// and tcp_disconnect; net/ipv4/tcp_input.c, tcp_rcv_state_process).
const (
	abortOnClose = "TCPAbortOnClose" // close met unread data
	abortOnData  = "TCPAbortOnData"  // data came after close, or SO_LINGER was 0
)

// findUnread says how many delivered answers lay unread when the reset came.
func findUnread(rejecting []*Summary) []string {
	all := pool(rejecting).Unread
	if !all.Known() {
		return nil
	}
	if all.K == 0 {
		return []string{fmt.Sprintf("No delivered answer had been reset before the client's first read: %s; a system that discards received data on a reset would have lost none of them.", sharePhrase(all))}
	}
	type part struct {
		strategy string
		share    Share
	}
	var some []part
	var none []string
	for _, strategy := range namesOf(rejecting, strategyOf) {
		share := pool(where(rejecting, func(s *Summary) bool { return s.Strategy == strategy })).Unread
		switch {
		case share.K > 0:
			some = append(some, part{strategy, share})
		case share.Known():
			none = append(none, strategy)
		}
	}
	slices.SortStableFunc(some, func(a, b part) int { return cmp.Compare(b.share.Value, a.share.Value) })
	var parts []string
	for _, p := range some[:min(len(some), shown)] {
		parts = append(parts, p.strategy+" "+sharePhrase(p.share))
	}
	text := fmt.Sprintf("Of the delivered answers %s had been reset before the client's first read, and would have been lost on a system that discards received data on a reset",
		sharePhrase(all))
	if len(some)+len(none) > 1 {
		text += ": most under " + list(parts)
	}
	if len(none) > 0 {
		text += "; none under " + list(none)
	}
	return []string{text + "."}
}

// cause is a strategy with the share of its resets that had one cause.
type cause struct {
	strategy string
	share    Share
}

// findResets says which of the two causes the server's resets had.
func findResets(rejecting []*Summary) []string {
	var unread, late, mixed []cause
	var silent []string
	var rejectedSilently int64
	for _, strategy := range namesOf(rejecting, strategyOf) {
		all := pool(where(rejecting, func(s *Summary) bool { return s.Strategy == strategy }))
		onClose, haveClose := all.TCP[abortOnClose]
		onData, haveData := all.TCP[abortOnData]
		if !haveClose || !haveData {
			continue
		}
		share := NewShare(onClose, onClose+onData)
		switch {
		case !share.Known():
			silent = append(silent, strategy)
			rejectedSilently += all.Rejected
		case share.Low > 0.5:
			unread = append(unread, cause{strategy, share})
		case share.High < 0.5:
			late = append(late, cause{strategy, NewShare(onData, onClose+onData)})
		default:
			mixed = append(mixed, cause{strategy, share})
		}
	}
	var found []string
	if len(unread) > 0 {
		found = append(found, "Resets came mostly because close met unread data ("+abortOnClose+", of the resets of both causes) under "+causes(unread)+".")
	}
	if len(late) > 0 {
		found = append(found, "Resets came mostly because data arrived after close, or SO_LINGER was 0 ("+abortOnData+", of the resets of both causes) under "+causes(late)+".")
	}
	if len(mixed) > 0 {
		found = append(found, "Which of the two causes prevails cannot be told apart ("+abortOnClose+", of the resets of both causes) under "+causes(mixed)+".")
	}
	if len(silent) > 0 {
		found = append(found, fmt.Sprintf("The server's kernel counted no reset of either cause under %s: %s of rejections.",
			list(silent), sharePhrase(NewShare(0, rejectedSilently))))
	}
	return found
}

// causes names the strategies with most resets and counts the others.
func causes(all []cause) string {
	slices.SortStableFunc(all, func(a, b cause) int { return cmp.Compare(b.share.N, a.share.N) })
	var parts []string
	for _, c := range all[:min(len(all), shown)] {
		parts = append(parts, c.strategy+" "+sharePhrase(c.share))
	}
	text := semicolons(parts)
	if len(all) > shown {
		var rest []string
		for _, c := range all[shown:] {
			rest = append(rest, c.strategy)
		}
		text += fmt.Sprintf("; with fewer resets under %s too (n from %d to %d)", list(rest), all[len(all)-1].share.N, all[shown].share.N)
	}
	return text
}

func semicolons(parts []string) string { return strings.Join(parts, "; ") }
