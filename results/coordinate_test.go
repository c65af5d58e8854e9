package results

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryFieldOfAPointIsOneCoordinate(t *testing.T) {
	var fields, rows []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Point]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	orders := map[int]bool{}
	for _, c := range Coordinates {
		rows = append(rows, c.JSON)
		orders[c.Order] = true
		if c.Name == "" || c.Label == "" || c.Head == "" || c.Key == "" || c.Summary == "" {
			t.Errorf("%s has an empty name", c.JSON)
		}
		if CoordinateByName(c.Name).JSON != c.JSON {
			t.Errorf("%s is named twice", c.Name)
		}
		if c.Order < 1 || c.Order > len(Coordinates) {
			t.Errorf("%s has the order %d", c.Name, c.Order)
		}
		if c.Name != "nth_request" && c.Set(&Point{}) {
			t.Errorf("%s is set in the zero point", c.Name)
		}
	}
	slices.Sort(fields)
	slices.Sort(rows)
	if !slices.Equal(fields, rows) {
		t.Errorf("fields %v, coordinates %v", fields, rows)
	}
	if len(orders) != len(Coordinates) {
		t.Errorf("%d orders of %d coordinates", len(orders), len(Coordinates))
	}
}

func TestPointsAreEqualIfAndOnlyIfTheyCompareAsZero(t *testing.T) {
	// Few values, so that points of which one coordinate differs are drawn.
	points := rapid.MakeCustom[Point](rapid.MakeConfig{Kinds: map[reflect.Kind]*rapid.Generator[any]{
		reflect.String:  rapid.SampledFrom([]string{"", "close"}).AsAny(),
		reflect.Float64: rapid.SampledFrom([]float64{0, 5}).AsAny(),
		reflect.Int64:   rapid.Int64Range(0, 1).AsAny(),
		reflect.Int:     rapid.IntRange(0, 2).AsAny(),
	}})
	for i := range Coordinates {
		c := &Coordinates[i]
		full := fullPoint()
		without := full.Without(c.Name)
		if ComparePoints(&full, &without, nil) == 0 {
			t.Errorf("points that differ in %s compare as equal", c.Name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := points.Draw(t, "a"), points.Draw(t, "b"), points.Draw(t, "c")
		order := ComparePoints(&a, &b, nil)
		if (order == 0) != (a.Key() == b.Key()) || order != -ComparePoints(&b, &a, nil) {
			t.Fatalf("%v and %v compare as %d", a, b, order)
		}
		if order < 0 && ComparePoints(&b, &c, nil) < 0 && ComparePoints(&a, &c, nil) >= 0 {
			t.Fatalf("%v, %v, %v have no order", a, b, c)
		}
	})
}

// fullPoint returns a point with every coordinate set.
func fullPoint() (full Point) {
	fields := reflect.ValueOf(&full).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("set")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Float64:
			f.SetFloat(0.5)
		default:
			f.SetInt(3)
		}
	}
	return full
}

func TestWithoutClearsTheNamedCoordinatesAlone(t *testing.T) {
	full := fullPoint()
	for _, without := range Coordinates {
		p := full.Without(without.Name)
		for _, c := range Coordinates {
			if c.Set(&p) != (c.Name != without.Name) {
				t.Errorf("without %s: %s is %v", without.Name, c.Name, c.Value(&p))
			}
		}
	}
}

func TestPointsSortByValueNotByText(t *testing.T) {
	fifth, tenth := Point{TLS: true, NthRequest: 5}, Point{TLS: true, NthRequest: 10}
	if ComparePoints(&fifth, &tenth, nil) >= 0 {
		t.Error("request 10 comes before request 5")
	}
	known := PointOrder{"strategy": NewTermOrder([]Term{{Name: "shutdown"}, {Name: "close"}})}
	a, b := Point{Strategy: "shutdown"}, Point{Strategy: "close"}
	if ComparePoints(&a, &b, known) >= 0 || ComparePoints(&a, &b, nil) <= 0 {
		t.Error("names ignore their vocabulary")
	}
}

func TestTagNamesTheCoordinatesThatAreSet(t *testing.T) {
	c := Cell{Point: Point{Strategy: "close", Client: "blocking", RTTMs: 20, Concurrency: 5, BodyBytes: 7, Loss: 0.01}, Round: 2}
	if got, want := tag(c, "end/closed"), "close;blocking;rtt=20ms;c=5;body=7;loss=0.01;limit=0;rate=0;round=2;try=0;end/closed"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c.IPv6, c.Impairments = true, "jitter 5ms"
	c.TLS, c.NthRequest, c.Settings, c.Scenario, c.Part = true, 3, "linger-total=1s", "report", "fixed"
	if got, want := tag(c, "end/closed"), "close;blocking;rtt=20ms;c=5;body=7;loss=0.01;limit=0;rate=0;round=2;try=0;ipv6;jitter_5ms;linger-total=1s;tls;request=3;report/fixed;end/closed"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
