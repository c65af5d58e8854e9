package sweep

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
)

// Tried returns the programs in each way that a point wants them to speak.
func (o Options) Tried() []cell.Program {
	var tried []cell.Program
	for _, name := range slices.Sorted(maps.Keys(o.Programs)) {
		for _, tls := range []bool{false, true} {
			if slices.ContainsFunc(o.Points, func(p Point) bool { return p.Strategy == name && p.TLS == tls }) {
				tried = append(tried, o.Programs[name].Speaking(tls))
			}
		}
	}
	return tried
}

// driverFolder makes the folder that drivers get theirs in, if a point needs one.
// The returned function removes it.
func (o *Options) driverFolder() (remove func(), err error) {
	for _, p := range o.Points {
		if _, ok := drivers.ByName(p.Client); ok {
			if o.folder, err = os.MkdirTemp("", "rejectbench-drivers-"); err != nil {
				return nil, fmt.Errorf("make the drivers' folder: %w", err)
			}
			return func() { _ = os.RemoveAll(o.folder) }, nil
		}
	}
	return func() {}, nil
}
