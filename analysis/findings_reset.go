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
	const shown = 3
	var parts []string
	for _, p := range some[:min(len(some), shown)] {
		parts = append(parts, p.strategy+" "+sharePhrase(p.share))
	}
	text := fmt.Sprintf("Of the delivered answers %s had been reset before the client's first read, and would have been lost on a system that discards received data on a reset: most under %s",
		sharePhrase(all), list(parts))
	if len(none) > 0 {
		text += "; none under " + list(none)
	}
	return []string{text + "."}
}

// findResets says which of the two causes the server's resets had.
func findResets(rejecting []*Summary) []string {
	var unread, late, mixed, silent []string
	var rejectedSilently int64
	for _, strategy := range namesOf(rejecting, strategyOf) {
		all := pool(where(rejecting, func(s *Summary) bool { return s.Strategy == strategy }))
		close, haveClose := all.TCP[abortOnClose]
		data, haveData := all.TCP[abortOnData]
		if !haveClose || !haveData {
			continue
		}
		share := NewShare(close, close+data)
		switch {
		case !share.Known():
			silent = append(silent, strategy)
			rejectedSilently += all.Rejected
		case share.Low > 0.5:
			unread = append(unread, strategy+" "+sharePhrase(share))
		case share.High < 0.5:
			late = append(late, strategy+" "+sharePhrase(NewShare(data, close+data)))
		default:
			mixed = append(mixed, strategy+" "+sharePhrase(share))
		}
	}
	var found []string
	if len(unread) > 0 {
		found = append(found, "Most resets came because close met unread data ("+abortOnClose+"), as a share of the resets of both causes, under "+semicolons(unread)+".")
	}
	if len(late) > 0 {
		found = append(found, "Most resets came because data arrived after close, or SO_LINGER was 0 ("+abortOnData+"), as a share of the resets of both causes, under "+semicolons(late)+".")
	}
	if len(mixed) > 0 {
		found = append(found, "Which cause of resets prevails cannot be told apart; "+abortOnClose+" as a share of both: "+semicolons(mixed)+".")
	}
	if len(silent) > 0 {
		_, high := Wilson(0, rejectedSilently, Z95)
		found = append(found, fmt.Sprintf("The server's kernel counted no reset of either cause under %s (n=%d rejections, at most %s%% by the 95%% interval).",
			list(silent), rejectedSilently, percent(high)))
	}
	return found
}

func semicolons(parts []string) string { return strings.Join(parts, "; ") }
