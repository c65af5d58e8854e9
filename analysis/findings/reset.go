package findings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
)

// findUnread counts the delivered answers that were still unread when the reset came.
func findUnread(rejecting []*analysis.Summary) []string {
	all := analysis.Pool(rejecting).Unread
	if !all.Known() {
		return nil
	}
	if all.K == 0 {
		return []string{fmt.Sprintf("No delivered answer was reset before the client's first read (n=%d). A system that discards received data on a reset would have lost none.", all.N)}
	}
	type part struct {
		strategy string
		k, n     int64
	}
	var some []part
	var none []string
	for _, strategy := range analysis.NamesOf(rejecting, analysis.StrategyOf) {
		share := analysis.Pool(analysis.OfStrategy(rejecting, strategy)).Unread
		switch {
		case share.K > 0:
			some = append(some, part{strategy, share.K, share.N})
		case share.Known():
			none = append(none, strategy)
		}
	}
	slices.SortStableFunc(some, func(a, b part) int { return cmp.Compare(b.k*a.n, a.k*b.n) })
	var parts []string
	for _, p := range some[:min(len(some), words.MaxNamed)] {
		parts = append(parts, p.strategy+" ("+ofAll(p.k, p.n)+")")
	}
	text := fmt.Sprintf("Of the delivered answers %s were reset before the client's first read. A system that discards received data on a reset would have lost them", ofAll(all.K, all.N))
	if len(some)+len(none) > 1 {
		text += ". Most were under " + words.List(parts)
	}
	if len(none) > 0 {
		text += "; none under " + words.List(none)
	}
	return []string{text + "."}
}

// cause is a strategy with the number of its resets that have one cause, of all.
type cause struct {
	strategy string
	k, n     int64
}

// findResets says which of its two causes the server's resets have.
func findResets(rejecting []*analysis.Summary) []string {
	var unread, late, mixed []cause
	var silent []string
	var rejectedSilently int64
	for _, strategy := range analysis.NamesOf(rejecting, analysis.StrategyOf) {
		points := analysis.OfStrategy(rejecting, strategy)
		all := analysis.Pool(points)
		onClose, haveClose := all.TCP[results.AbortOnClose]
		onData, haveData := all.TCP[results.AbortOnData]
		if !haveClose || !haveData {
			continue
		}
		// A cause prevails where it has most resets at every condition with resets.
		closeMost := !analysis.Any(points, func(s *analysis.Summary) bool {
			return s.TCP[results.AbortOnClose]+s.TCP[results.AbortOnData] > 0 && s.TCP[results.AbortOnClose] <= s.TCP[results.AbortOnData]
		})
		dataMost := !analysis.Any(points, func(s *analysis.Summary) bool {
			return s.TCP[results.AbortOnClose]+s.TCP[results.AbortOnData] > 0 && s.TCP[results.AbortOnData] <= s.TCP[results.AbortOnClose]
		})
		switch {
		case onClose+onData == 0:
			silent = append(silent, strategy)
			rejectedSilently += all.Rejected
		case closeMost:
			unread = append(unread, cause{strategy, onClose, onClose + onData})
		case dataMost:
			late = append(late, cause{strategy, onData, onClose + onData})
		default:
			mixed = append(mixed, cause{strategy, onClose, onClose + onData})
		}
	}
	var found []string
	if len(unread) > 0 {
		found = append(found, "At every condition with resets most came because close met unread data ("+results.AbortOnClose+", of both causes): "+causes(unread)+".")
	}
	if len(late) > 0 {
		found = append(found, "At every condition with resets most came because data arrived after close, or SO_LINGER was 0 ("+results.AbortOnData+", of both causes): "+causes(late)+".")
	}
	if len(mixed) > 0 {
		found = append(found, "The cause of most resets depends on the condition ("+results.AbortOnClose+", of both causes): "+causes(mixed)+".")
	}
	if len(silent) > 0 {
		found = append(found, fmt.Sprintf("The server's kernel counted no reset of either cause under %s (n=%d rejections).", words.List(silent), rejectedSilently))
	}
	return found
}

// causes names the strategies with most resets and counts the others.
func causes(all []cause) string {
	slices.SortStableFunc(all, func(a, b cause) int { return cmp.Compare(b.n, a.n) })
	var parts []string
	for _, c := range all[:min(len(all), words.MaxNamed)] {
		parts = append(parts, c.strategy+" "+ofAll(c.k, c.n))
	}
	text := semicolons(parts)
	if len(all) > words.MaxNamed {
		var rest []string
		for _, c := range all[words.MaxNamed:] {
			rest = append(rest, c.strategy)
		}
		text += fmt.Sprintf("; with fewer resets also %s (n=%d to %d)", words.List(rest), all[len(all)-1].n, all[words.MaxNamed].n)
	}
	return text
}

func semicolons(parts []string) string { return strings.Join(parts, "; ") }
