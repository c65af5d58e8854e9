// The shared part of the Node.js drivers: the start lines, the output lines and the
// outcomes.
import { createInterface } from 'node:readline';

const env = process.env;
export const url = env.REJECTBENCH_URL;
export const tls = url.startsWith('https:');
export const timeout = Number(env.REJECTBENCH_TIMEOUT) * 1000;
const size = Number(env.REJECTBENCH_BODY);
export const body = size > 0 ? Buffer.alloc(size, 'x') : undefined;
export const method = body ? 'POST' : 'GET';
export const headers = body ? { 'Content-Type': 'application/octet-stream' } : {};

// judged returns the outcome of an answer without an error.
export function judged(status, got, length) {
  if (length != null && got < Number(length)) return 'truncated';
  if (status >= 200 && status <= 299) return 'admitted';
  return status === 503 ? 'delivered' : 'bad-response';
}

// failed returns the outcome of an error of the system or of the library; a is the
// attempt.
export function failed(error, a) {
  const call = error.syscall === 'connect' ? 'connect' : error.syscall === 'write' ? 'send' : 'receive';
  switch (error.code) {
    case 'ECONNREFUSED': return 'refused';
    case 'ETIMEDOUT': case 'UND_ERR_CONNECT_TIMEOUT': return 'timeout-connect';
    case 'EADDRNOTAVAIL': case 'EMFILE': case 'ENFILE': case 'ENOMEM': case 'ENOBUFS': case 'ENETUNREACH': case 'EHOSTUNREACH': return 'local-error';
    case 'EPIPE': return a.first ? 'truncated' : 'broken-pipe';
    case 'ECONNRESET':
      if (a.first) return 'truncated';
      return error.syscall ? 'reset-' + call : 'closed'; // "socket hang up" has no system call
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH': return 'truncated';
    case 'UND_ERR_SOCKET': return a.first ? 'truncated' : 'closed'; // "other side closed"
  }
  // A TLS alert, or bytes that are not TLS.
  if (/^(EPROTO|ERR_SSL_)/.test(error.code ?? '')) return a.first ? 'truncated' : 'bad-response';
  if (/^(HPE_|UND_ERR_RES|UND_ERR_HEADERS_OVERFLOW)/.test(error.code ?? '') || error.name === 'HTTPParserError') return 'bad-response';
  throw error;
}

// late returns the outcome of an attempt that timed out.
export function late(a) { return a.port ? 'timeout-receive' : 'timeout-connect'; }

// run makes an attempt for each line of the input; attempt(a) returns an outcome and
// the client's error text. An exception ends the process.
export function run(attempt) {
  const one = async (index) => {
    const started = performance.now();
    const a = { port: 0, first: 0, answered() { this.first ||= performance.now() - started; } };
    const [outcome, error] = await attempt(a);
    const end = performance.now() - started;
    process.stdout.write(JSON.stringify({
      attempt: index, outcome, started_ms: performance.timeOrigin + started, response_ms: a.first, end_ms: end,
      port: a.port, error: String(error ?? '').slice(0, 400),
    }) + '\n');
  };
  createInterface({ input: process.stdin }).on('line', (line) => one(Number(line)));
  process.stdout.write('ready\n');
}
