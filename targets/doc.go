// Package targets contains the reference server, which rejects connections
// above a limit, and one small function for each way of rejecting them.
//
// A strategy is one function and one row of Strategies. The function answers
// 503 and closes one connection. It uses only methods of *net.TCPConn, and small
// helpers of this package (writeAnswer, discard and others), so it can be copied into
// another server together with the helpers that it calls. The row names the listener
// option or the accept loop if that is the strategy.
//
// The server handles requests as servers do: split headers, Content-Length and
// chunked bodies, Expect: 100-continue. It does not know which client sends them.
// Its ledger has one LedgerEntry for each accepted connection. The server can
// speak TLS 1.3, and can check its limit at a later request of a connection. A
// strategy is the same function in every case.
package targets
