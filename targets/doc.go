// Package targets is what a fleet hits: a limited reference server that
// rejects connections above its limit, and one small function for each way of
// rejecting them.
//
// A strategy is one function and one row of Strategies. The function answers
// 503 and closes one connection; it takes what *net.TCPConn has, so that it can
// be copied into another server as it stands. Where the listener or the accept
// loop itself is the strategy, the row says so.
//
// The server reads requests as servers do (split headers, Content-Length and
// chunked bodies, Expect: 100-continue), never knows who hits it, and keeps a
// ledger with one Entry for every connection it accepted. It may speak TLS 1.3, and
// meet its limit at a later request of a connection than the first; a strategy
// is the same function of a Conn in either case.
package targets
