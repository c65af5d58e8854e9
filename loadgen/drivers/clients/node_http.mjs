import http from 'node:http';
import https from 'node:https';
import * as driver from './driver.mjs';

const library = driver.tls ? https : http;

function attempt(a) {
  const agent = new library.Agent({ keepAlive: true, rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    const headers = driver.body ? { ...driver.headers, 'Content-Length': driver.body.length } : {};
    const req = library.request(driver.url, { method: driver.method, headers, agent });
    // A program acts on the first event.
    const settle = (outcome, error) => { clearTimeout(timer); resolve([outcome, error]); req.destroy(); agent.destroy(); };
    const fail = (e) => { try { settle(driver.failed(e, a), `${e.code ?? ''} ${e.syscall ?? ''} ${e.message}`); } catch (e) { reject(e); } };
    const timer = setTimeout(() => settle(driver.late(a), 'time limit'), driver.timeout);
    req.on('socket', (s) => s.once('connect', () => { a.port = s.localPort; }));
    req.on('error', fail);
    req.on('response', (res) => {
      a.answered();
      let got = 0;
      res.on('data', (chunk) => { got += chunk.length; });
      res.on('error', fail);
      res.on('end', () => settle(driver.judged(res.statusCode, got, res.headers['content-length'])));
    });
    req.end(driver.body);
  });
}

driver.run(attempt);
