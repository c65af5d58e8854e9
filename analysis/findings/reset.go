package findings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// findUnread counts the delivered answers that were still unread when the reset came.
func findUnread(rejecting []*analysis.Summary) []string {
	all := analysis.Pool(rejecting).Unread
	if !all.Known() {
		return nil
	}
	if all.K == 0 {
		return []string{fmt.Sprintf("No delivered answer was reset before the client's first read: %s. A system that discards received data on a reset would have lost none.", words.Share(all))}
	}
	type part struct {
		strategy string
		share    stats.Share
	}
	var some []part
	var none []string
	for _, strategy := range analysis.NamesOf(rejecting, analysis.StrategyOf) {
		share := analysis.Pool(analysis.OfStrategy(rejecting, strategy)).Unread
		switch {
		case share.K > 0:
			some = append(some, part{strategy, share})
		case share.Known():
			none = append(none, strategy)
		}
	}
	slices.SortStableFunc(some, func(a, b part) int { return cmp.Compare(b.share.Value, a.share.Value) })
	var parts []string
	for _, p := range some[:min(len(some), words.MaxNamed)] {
		parts = append(parts, p.strategy+" "+words.Share(p.share))
	}
	text := fmt.Sprintf("Of the delivered answers %s were reset before the client's first read. A system that discards received data on a reset would have lost them",
		words.Share(all))
	if len(some)+len(none) > 1 {
		text += ". The largest shares were under " + words.List(parts)
	}
	if len(none) > 0 {
		text += "; none under " + words.List(none)
	}
	return []string{text + "."}
}

// cause is a strategy with the share of its resets that have one cause.
type cause struct {
	strategy string
	share    stats.Share
}

// findResets says which of its two causes the server's resets have.
func findResets(rejecting []*analysis.Summary) []string {
	var unread, late, mixed []cause
	var silent []string
	var rejectedSilently int64
	for _, strategy := range analysis.NamesOf(rejecting, analysis.StrategyOf) {
		all := analysis.Pool(analysis.OfStrategy(rejecting, strategy))
		onClose, haveClose := all.TCP[results.AbortOnClose]
		onData, haveData := all.TCP[results.AbortOnData]
		if !haveClose || !haveData {
			continue
		}
		share := stats.NewShare(onClose, onClose+onData)
		switch {
		case !share.Known():
			silent = append(silent, strategy)
			rejectedSilently += all.Rejected
		case share.Low > 0.5:
			unread = append(unread, cause{strategy, share})
		case share.High < 0.5:
			late = append(late, cause{strategy, stats.NewShare(onData, onClose+onData)})
		default:
			mixed = append(mixed, cause{strategy, share})
		}
	}
	var found []string
	if len(unread) > 0 {
		found = append(found, "Most resets came because close met unread data ("+results.AbortOnClose+", share of both causes): "+causes(unread)+".")
	}
	if len(late) > 0 {
		found = append(found, "Most resets came because data arrived after close, or SO_LINGER was 0 ("+results.AbortOnData+", share of both causes): "+causes(late)+".")
	}
	if len(mixed) > 0 {
		found = append(found, "Neither cause of resets surely prevails ("+results.AbortOnClose+", share of both causes): "+causes(mixed)+".")
	}
	if len(silent) > 0 {
		found = append(found, fmt.Sprintf("The server's kernel counted no reset of either cause under %s: %s of rejections.",
			words.List(silent), words.Share(stats.NewShare(0, rejectedSilently))))
	}
	return found
}

// causes names the strategies with most resets and counts the others.
func causes(all []cause) string {
	slices.SortStableFunc(all, func(a, b cause) int { return cmp.Compare(b.share.N, a.share.N) })
	var parts []string
	for _, c := range all[:min(len(all), words.MaxNamed)] {
		parts = append(parts, c.strategy+" "+words.Share(c.share))
	}
	text := semicolons(parts)
	if len(all) > words.MaxNamed {
		var rest []string
		for _, c := range all[words.MaxNamed:] {
			rest = append(rest, c.strategy)
		}
		text += fmt.Sprintf("; with fewer resets also %s (n=%d to %d)", words.List(rest), all[len(all)-1].share.N, all[words.MaxNamed].share.N)
	}
	return text
}

func semicolons(parts []string) string { return strings.Join(parts, "; ") }
