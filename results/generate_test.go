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
			c[i] = rapid.Int64Range(0, math.MaxInt64/NumOutcomes).Draw(t, Outcomes[i].Name)
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
		if c.Arrivals == "" {
			c.Arrivals = SpreadArrivals // as it is written
		}
		c.Attempts = c.Outcomes.Total()
		c.Delivered = c.Outcomes.Delivered()
		c.Rejected = rapid.Int64Range(0, math.MaxInt64).Draw(t, "rejected")
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

// durations generates nanoseconds, some outside the range of a histogram.
func durations() *rapid.Generator[[]int64] {
	return rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, histogramHighest), rapid.Int64()), 0, 50)
}

// same compares records as a reader does: an empty map equals a nil map. The lines
// of their files are not compared.
var same = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Run{})}
