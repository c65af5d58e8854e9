package results

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// latencyLog writes the histograms of all cells to one tagged HdrHistogram log.
type latencyLog struct {
	file *os.File
	log  *hdrhistogram.HistogramLogWriter
}

func createLatencyLog(path string, m Manifest) (*latencyLog, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("open the latency log: %w", err)
	}
	l := &latencyLog{file: f, log: hdrhistogram.NewHistogramLogWriter(f)}
	// The log states its base time in whole seconds, and times are relative to it.
	base := m.Started.Truncate(time.Second).UnixMilli()
	l.log.SetBaseTime(base)
	err = errors.Join(
		l.log.OutputComment("[Logged with "+m.Tool+"]"),
		l.log.OutputLogFormatVersion(),
		l.log.OutputStartTime(base),
		l.log.OutputBaseTime(base),
		l.log.OutputLegend(),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the latency log: %w", err), f.Close())
	}
	return l, nil
}

func (l *latencyLog) append(c Cell) error {
	for _, key := range slices.Sorted(maps.Keys(c.Histograms)) {
		h, err := DecodeHistogram(c.Histograms[key])
		if err != nil {
			return err
		}
		h.SetTag(tag(c, key))
		start := c.Started.UnixMilli()
		h.SetStartTimeMs(start)
		h.SetEndTimeMs(start + int64(c.Seconds*1000))
		if err := l.log.OutputIntervalHistogram(h); err != nil {
			return fmt.Errorf("write the latency log: %w", err)
		}
	}
	return nil
}

// tag returns the name of a histogram in a .hlog: the coordinates of its cell and
// its key, joined by semicolons. The log format forbids commas, spaces and line ends
// in tags; they become underscores.
func tag(c Cell, key string) string {
	always, set := c.Point.tags()
	words := slices.Concat(always, []string{fmt.Sprintf("round=%d", c.Round), fmt.Sprintf("try=%d", c.Try)}, set, []string{key})
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(", \r\n\t", r) {
			return '_'
		}
		return r
	}, strings.Join(words, ";"))
}
