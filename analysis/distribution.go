package analysis

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/results"
)

// The geometry of results.NewHistogram: nanoseconds from 1 microsecond to 2 minutes
// with 3 significant digits. A half bucket has 2^10 steps, half the smallest power of
// two above 2*10^3. Source: the class comment of HdrHistogram
// (https://hdrhistogram.github.io/HdrHistogram/).
const (
	ourLowest   = int64(time.Microsecond)
	ourHighest  = int64(2 * time.Minute)
	ourDigits   = 3
	unitBits    = 9  // log2 of the largest power of two up to ourLowest
	stepBits    = 10 // log2 of the number of steps in half a bucket
	halfSteps   = 1 << stepBits
	countsLen   = 19 * halfSteps // number of steps up to ourHighest
	maxInflated = hdrhistogram.ENCODING_HEADER_SIZE + 9*countsLen
)

// Distribution is a histogram of nanoseconds that stores only the steps with a
// count. The histogram of a cell has about a hundred of them, out of 19 thousand, so
// that merging ten thousand cells takes milliseconds instead of minutes. The zero
// value is empty.
type Distribution struct {
	steps     []step // sorted by index after settle
	total     int64
	intervals Intervals
}

// step is a count at an index of the histogram's array.
type step struct {
	index int32
	count int64
}

// settle sorts the steps and adds those of the same index. A distribution must be
// settled before it is read.
func (d *Distribution) settle() {
	slices.SortFunc(d.steps, func(a, b step) int { return cmp.Compare(a.index, b.index) })
	kept := d.steps[:0]
	d.total = 0
	for _, s := range d.steps {
		d.total += s.count
		if n := len(kept); n > 0 && kept[n-1].index == s.index {
			kept[n-1].count += s.count
		} else {
			kept = append(kept, s)
		}
	}
	d.steps = kept
}

// Count returns the number of values.
func (d *Distribution) Count() int64 { return d.total }

// CurveSteps is the largest number of points of a curve per decade of 1/(1-p).
const CurveSteps = 20

// indexOf returns the index of a value in the histogram's array.
func indexOf(ns int64) int32 {
	bucket := max(bits.Len64(uint64(ns))-unitBits-stepBits-1, 0)
	return int32(bucket<<stepBits) + int32(ns>>(bucket+unitBits))
}

// lowest returns the smallest value of a step, and the number of values in it.
func (s step) lowest() (ns, width int64) {
	bucket := max(int(s.index>>stepBits)-1, 0)
	sub := int64(s.index) - int64(bucket<<stepBits)
	return sub << (bucket + unitBits), 1 << (bucket + unitBits)
}

// highest returns the largest value of a step, which HdrHistogram reports.
func (s step) highest() int64 {
	ns, width := s.lowest()
	return ns + width - 1
}

// quantiles returns the quantiles at the given shares, in milliseconds. The shares
// ascend within 0 and 1.
func (d *Distribution) quantiles(shares []float64) []float64 {
	ms := make([]float64, len(shares))
	var seen int64
	at := -1
	for i, p := range shares {
		for rank := d.rank(p); seen < rank; {
			at++
			seen += d.steps[at].count
		}
		ns := d.steps[at].highest()
		if p == 0 {
			ns, _ = d.steps[at].lowest()
		}
		ms[i] = float64(ns) / 1e6
	}
	return ms
}

// rank returns HdrHistogram's rank of the p-quantile, from 1. It takes percentages, whose
// rounding this keeps.
func (d *Distribution) rank(p float64) int64 {
	return min(max(int64(p*100/100*float64(d.total)+0.5), 1), d.total)
}

// percentiles returns what results.Summarise would. A nil distribution is empty.
func (d *Distribution) percentiles() results.Percentiles {
	if d == nil || d.total == 0 {
		return results.Percentiles{}
	}
	var mean float64
	for _, s := range d.steps {
		ns, width := s.lowest()
		mean += float64(s.count) * float64(ns+width/2) / float64(d.total)
	}
	at := d.quantiles([]float64{0.5, 0.9, 0.99, 0.999, 1})
	return results.Percentiles{Count: d.total, Mean: mean / 1e6, P50: at[0], P90: at[1], P99: at[2], P999: at[3], Max: at[4]}
}

// Curve samples the distribution evenly on a logarithmic scale of 1/(1-p), with the
// given number of steps per decade, up to the last percentile that a single value
// determines. It is nil for an empty distribution.
func (d *Distribution) Curve(steps int) []Quantile {
	if d == nil || d.total == 0 {
		return nil
	}
	last := int(math.Floor(math.Log10(float64(d.total)) * float64(steps)))
	shares := make([]float64, last+1)
	for i := range shares {
		shares[i] = 1 - math.Pow(10, -float64(i)/float64(steps))
	}
	points := make([]Quantile, len(shares))
	for i, ms := range d.quantiles(shares) {
		points[i] = Quantile{shares[i], ms}
	}
	return points
}

// histogramDecoder reads encoded histograms into distributions. It reuses its buffers,
// which saves most of the time. The zero value is ready to use. It is not safe for
// concurrent use.
type histogramDecoder struct {
	packed   bytes.Reader
	inflate  io.ReadCloser
	raw      []byte
	inflated bytes.Buffer
}

// add adds an encoded histogram to a distribution. A histogram of another geometry,
// or a damaged one, is left to the library, which reads all geometries and reports
// what is wrong.
func (r *histogramDecoder) add(d *Distribution, encoded string) error {
	before := len(d.steps)
	if r.addOurs(d, encoded) {
		return nil
	}
	d.steps = d.steps[:before]
	h, err := results.DecodeHistogram(encoded)
	if err != nil {
		return err
	}
	for _, bar := range h.Distribution() {
		if bar.Count > 0 {
			d.steps = append(d.steps, step{indexOf(min(bar.From, ourHighest)), bar.Count})
		}
	}
	return nil
}

// addOurs adds a histogram of our geometry. It reports false for any other text.
func (r *histogramDecoder) addOurs(d *Distribution, encoded string) bool {
	var err error
	if r.raw, err = base64.StdEncoding.AppendDecode(r.raw[:0], []byte(encoded)); err != nil || len(r.raw) < 8 {
		return false
	}
	packed := r.raw[8:]
	size := int64(binary.BigEndian.Uint32(r.raw[4:]))
	if cookie(r.raw) != hdrhistogram.V2CompressedEncodingCookieBase || size > int64(len(packed)) {
		return false
	}
	r.packed.Reset(packed[:size])
	if r.inflate == nil {
		r.inflate, err = zlib.NewReader(&r.packed)
	} else {
		err = r.inflate.(zlib.Resetter).Reset(&r.packed, nil)
	}
	if err != nil {
		r.inflate = nil
		return false
	}
	r.inflated.Reset()
	if _, err := r.inflated.ReadFrom(io.LimitReader(r.inflate, maxInflated+1)); err != nil {
		return false
	}
	b := r.inflated.Bytes()
	if len(b) < hdrhistogram.ENCODING_HEADER_SIZE || cookie(b) != hdrhistogram.V2EncodingCookieBase {
		return false
	}
	field := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	digits, payload := binary.BigEndian.Uint32(b[12:]), b[hdrhistogram.ENCODING_HEADER_SIZE:]
	if digits != ourDigits || field(16) != ourLowest || field(24) != ourHighest || int(binary.BigEndian.Uint32(b[4:])) != len(payload) {
		return false
	}
	return d.addCounts(payload)
}

func cookie(b []byte) int32 { return int32(binary.BigEndian.Uint32(b)) &^ 0xf0 }

// addCounts reads an encoded array. A number is the count of the next step, or if it
// is negative the number of steps to skip.
func (d *Distribution) addCounts(payload []byte) bool {
	var index int64
	for len(payload) > 0 {
		v, n := zigzag(payload)
		if n == 0 || v == math.MinInt64 {
			return false
		}
		payload = payload[n:]
		if v < 0 {
			index -= v
			if index > countsLen || index < 0 {
				return false
			}
			continue
		}
		// No cell has a larger count, and its sum might overflow.
		if index >= countsLen || v > math.MaxInt64>>16 {
			return false
		}
		if v > 0 {
			d.steps = append(d.steps, step{int32(index), v})
		}
		index++
	}
	return true
}

// zigzag reads a number in HdrHistogram's zig-zag LEB128, whose ninth byte carries
// eight bits. It returns the number of bytes read, 0 where they end too early.
func zigzag(b []byte) (v int64, n int) {
	var u uint64
	for i := range min(len(b), 9) {
		if i == 8 {
			u |= uint64(b[i]) << 56
		} else {
			u |= uint64(b[i]&0x7f) << (7 * i)
		}
		if i == 8 || b[i] < 0x80 {
			return int64(u>>1) ^ -int64(u&1), i + 1
		}
	}
	return 0, 0
}
