package results

import (
	"math"
	"reflect"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// Generators of records. They fill every field, so a field that does not
// survive encoding is found without being named here.

// kinds are the values that JSON can carry: it has no NaN and no infinities.
var kinds = rapid.MakeConfig{
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

// cells are records as a writer may be given them: consistent, whatever else
// they hold.
func cells() *rapid.Generator[Cell] {
	filled := rapid.MakeCustom[Cell](kinds)
	return rapid.Custom(func(t *rapid.T) Cell {
		c := filled.Draw(t, "cell")
		c.Schema = Schema
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

// durations are nanoseconds, some of them outside a histogram's range.
func durations() *rapid.Generator[[]int64] {
	return rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, histogramHighest), rapid.Int64()), 0, 50)
}

// same compares records as a reader sees them, for whom an empty map and none
// are one thing.
var same = cmp.Options{cmpopts.EquateEmpty()}
