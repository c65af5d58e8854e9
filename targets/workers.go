package targets

import "time"

// work is what an admitted request asks for: its turn at one of Config.Workers,
// and then the service time. A server that is being cut does neither.
func (s *Server) work() {
	if s.config.ServiceTime == 0 {
		return
	}
	if s.working != nil {
		select {
		case s.working <- struct{}{}:
			defer func() { <-s.working }()
		case <-s.cutting:
			return
		}
	}
	timer := time.NewTimer(s.config.ServiceTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.cutting:
	}
}
