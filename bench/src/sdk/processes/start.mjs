// start: as start.cjs, an ES module.

import 'node:http';
import 'node:https';
import 'node:http2';

const wallMs = performance.now();
const { user, system } = process.cpuUsage();
const { createRequire } = await import('node:module');
const others = Object.keys(createRequire(import.meta.url).cache).length;
const { writeSync } = await import('node:fs');
writeSync(1, JSON.stringify({ wallMs, cpuMs: (user + system) / 1e3, others }));
