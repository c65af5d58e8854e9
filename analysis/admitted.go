package analysis

import "github.com/rejectbench/rejectbench/results"

// EndOf returns the times from when attempts with an outcome were due until they
// ended, in milliseconds. Its Count is 0 where the cells have no histogram of them.
func (s *Summary) EndOf(o results.Outcome) results.Percentiles {
	return s.Times[o.String()].percentiles()
}
