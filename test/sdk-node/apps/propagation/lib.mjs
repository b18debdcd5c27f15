// lib: what the apps of these tests share. Servers on loopback, a driver outside any request, and
// a report to the test as one line of JSON.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { isMainThread } from 'node:worker_threads';

// A pipe from the test: when that is gone, so are we.
if (process.env.APP_OF_TEST === String(process.ppid) && isMainThread) {
  process.stdin.on('end', () => process.exit(1)).resume();
  process.stdin.unref();
}

const file = (name) => readFileSync(new URL(name, import.meta.url));
/** Of localhost, signed by itself. */
export const tls = { key: file('localhost.key.pem'), cert: file('localhost.cert.pem') };

/** What a request brings along; each test tells requests apart by their ids. */
export function incoming(id) {
  return {
    'x-request-id': `r-${id}`,
    'x-traffic-tag': `t-${id}`,
    baggage: `k=${id}`,
    'x-b3-traceid': `b3-${id}`,
    traceparent: `tp-${id}`,
  };
}

/** Answers with the headers that came, as pairs in lower case: doubles are seen. */
export function echo(request, response) {
  const { rawHeaders } = request;
  const pairs = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    pairs.push([rawHeaders[i].toLowerCase(), rawHeaders[i + 1]]);
  }
  request.resume();
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(pairs));
  });
}

export function listen(server, ...where) {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(...(where.length > 0 ? where : [0, '127.0.0.1']), () =>
      resolve(server.address().port),
    );
  });
}

/** The body of an answer, parsed. */
export async function bodyOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const text = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** One request; resolves with the parsed body. */
export function ask(port, { path = '/', headers = {}, method = 'GET', body, agent } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path, headers, method, ...(agent ? { agent } : {}) },
      (response) => bodyOf(response).then(resolve, reject),
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The same over HTTP/2; with a body it is a POST. */
export async function askH2(port, headers, body) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/', ':method': body ? 'POST' : 'GET', ...headers });
  stream.end(body);
  const result = await bodyOf(stream);
  session.close();
  return result;
}

/** Runs a job for each of `count`, `width` at a time. */
export async function inParallel(count, width, job) {
  let next = 0;
  const results = new Array(count);
  await Promise.all(
    Array.from({ length: Math.min(width, count) }, async () => {
      while (next < count) {
        const i = next++;
        results[i] = await job(i);
      }
    }),
  );
  return results;
}

/** Which of the ids that went in came out: 'right', 'none', or what is wrong. */
export function verdict(pairs, id) {
  if (!Array.isArray(pairs)) return `no headers: ${JSON.stringify(pairs)}`;
  const sent = incoming(id);
  const seen = pairs.filter(([name]) => name in sent);
  if (seen.length === 0) return 'none';
  const wrong = seen.filter(([name, value]) => sent[name] !== value);
  if (wrong.length > 0) return `foreign: ${JSON.stringify(wrong)}`;
  if (seen.length > Object.keys(sent).length) return `doubled: ${JSON.stringify(seen)}`;
  return seen.length === Object.keys(sent).length ? 'right' : `part: ${JSON.stringify(seen)}`;
}

/** Collects verdicts; `call` takes headers and gives what the next service got. */
export function checks() {
  const found = {};
  let ids = 0;
  return {
    found,
    /** With something to carry, and with nothing. */
    async check(name, call) {
      const id = ++ids;
      found[name] = verdict(await call(incoming(id)), id);
      const bare = verdict(await call({}), id);
      if (bare !== 'none') found[`${name}, nothing to carry`] = bare;
    },
  };
}

/** How often each verdict was given. */
export function tally(verdicts) {
  const counts = {};
  for (const one of verdicts) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

export function report(result) {
  process.stdout.write(`\n@@${JSON.stringify(result)}\n`, () => process.exit(0));
}
