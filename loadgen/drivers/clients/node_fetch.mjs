import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import * as driver from './driver.mjs';

// fetch creates one connection pool at its first use. Its class makes a pool for
// each attempt.
await fetch('data:,');
const Agent = globalThis[Symbol.for('undici.globalDispatcher.1')].constructor;

// The library reports its connections in a channel, in the context of the attempt
// that requested one.
const current = new AsyncLocalStorage();
diagnostics.subscribe('undici:client:connected', ({ socket }) => {
  const a = current.getStore();
  if (a) a.port = socket.localPort;
});

function attempt(a) {
  return current.run(a, async () => {
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
    try {
      const res = await fetch(driver.url, {
        method: driver.method, headers: driver.headers, body: driver.body, redirect: 'manual', dispatcher,
        signal: AbortSignal.timeout(driver.timeout),
      });
      a.answered();
      const got = (await res.arrayBuffer()).byteLength;
      return [driver.judged(res.status, got, res.headers.get('content-length'))];
    } catch (e) {
      if (e.name === 'TimeoutError') return [driver.late(a), e.message];
      const cause = e.cause ?? e;
      return [driver.failed(cause, a), `${e.message}: ${cause.code ?? ''} ${cause.syscall ?? ''} ${cause.message}`];
    } finally {
      await dispatcher.destroy().catch(() => {});
    }
  });
}

driver.run(attempt);
