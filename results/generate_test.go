package results

import (
	"math"
	"reflect"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// Generators of records. They fill every field, so a new field that does not survive
// encoding is found too.

// jsonValues generates values that JSON can represent: no NaN, no infinities.
var jsonValues = rapid.MakeConfig{
	Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[time.Time](): moments().AsAny(),
		reflect.TypeFor[Counts]():    counts().AsAny(),
	},
	Kinds: map[reflect.Kind]*rapid.Generator[any]{
		reflect.Float64: rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).AsAny(),
	},
}

func moments() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	})
}

func counts() *rapid.Generator[Counts] {
	return rapid.Custom(func(t *rapid.T) Counts {
		var c Counts
		for i := range c {
			c[i] = rapid.Int64Range(0, mostCount/2000).Draw(t, Outcomes[i].Name)
		}
		return c
	})
}

// cells generates records that a writer accepts: consistent, with any other content.
func cells() *rapid.Generator[Cell] {
	filled := rapid.MakeCustom[Cell](jsonValues)
	return rapid.Custom(func(t *rapid.T) Cell {
		c := filled.Draw(t, "cell")
		c.Schema = Schema
		if c.Strategy == "" {
			c.Strategy = "close"
		}
		c.Attempts = c.Outcomes.Total()
		c.Delivered = c.Outcomes.Delivered()
		c.Rejected = rapid.Int64Range(c.Delivered, mostCount/100).Draw(t, "rejected")
		withinRanges(t, &c)
		c.Histograms = nil
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"connect/delivered", "end/closed", "uncorrected/end/closed"}), 0, 3, rapid.ID).Draw(t, "keys") {
			if c.Histograms == nil {
				c.Histograms = map[string]string{}
			}
			s, err := EncodeHistogram(newHistogram(durations().Draw(t, key)))
			if err != nil {
				t.Fatal(err)
			}
			c.Histograms[key] = s
		}
		return c
	})
}

// withinRanges draws anew what checkRanges bounds.
func withinRanges(t *rapid.T, c *Cell) {
	count := rapid.IntRange(0, mostCount)
	share := rapid.Float64Range(0, 1)
	c.RTTMs = rapid.Float64Range(0, mostMs).Draw(t, "round trip")
	c.Seconds = rapid.Float64Range(0, mostMs/100).Draw(t, "seconds")
	c.Loss, c.Rate = share.Draw(t, "loss"), rapid.Float64Range(0, mostRate).Draw(t, "rate")
	c.Concurrency, c.Limit, c.NthRequest = count.Draw(t, "concurrency"), count.Draw(t, "limit"), count.Draw(t, "request")
	c.Round, c.Try = count.Draw(t, "round"), count.Draw(t, "try")
	c.BodyBytes = rapid.Int64Range(0, math.MaxInt64).Draw(t, "body")
	c.Arrivals = rapid.SampledFrom(Arrivals).Draw(t, "arrivals").Name // an empty one is written as the default
	if c.CPU != nil {
		c.CPU.OthersShare, c.CPU.StealShare = share.Draw(t, "others"), share.Draw(t, "hypervisor")
	}
}

// durations generates nanoseconds, some outside the range of a histogram.
func durations() *rapid.Generator[[]int64] {
	return rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, histogramHighest), rapid.Int64()), 0, 50)
}

// same compares records as a reader does: an empty map equals a nil map. The lines
// of their files are not compared.
var same = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Run{})}
