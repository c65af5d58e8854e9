package targets

import "time"

// work waits for one of Config.Workers and then for the service time. It returns
// at once when the server cuts its open connections.
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
