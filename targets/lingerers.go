package targets

// turnAway rejects a connection by the server's strategy, or, while as many
// linger as Bounds.Lingerers allows, as Close does. It is what keeps lingering
// from holding more descriptors than the limit was to save: a flood finds
// Lingerers places and the rest costs a write each.
func (s *Server) turnAway(c tcpConn) error {
	if !s.strategy.lingers || s.lingering == nil {
		return s.strategy.reject(c, s.config.Bounds)
	}
	select {
	case s.lingering <- struct{}{}:
		defer func() { <-s.lingering }()
		return s.strategy.reject(c, s.config.Bounds)
	default:
		return rejectClose(c, s.config.Bounds)
	}
}

// places returns a channel that holds one token for each of n, or nil for no limit.
func places(n int) chan struct{} {
	if n == 0 {
		return nil
	}
	return make(chan struct{}, n)
}
