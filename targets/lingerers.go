package targets

// reject rejects a connection by the server's strategy. While Bounds.Lingerers
// connections linger, it rejects as the strategy close does. Without that bound a
// flood of connections could hold more descriptors than the limit saves.
func (s *Server) reject(c tcpConn) error {
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

// tokens returns a channel with capacity for n tokens, or nil for no limit.
func tokens(n int) chan struct{} {
	if n == 0 {
		return nil
	}
	return make(chan struct{}, n)
}
