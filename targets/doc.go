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
// ledger with one Entry for every connection it accepted.
package targets
