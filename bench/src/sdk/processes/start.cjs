// start: an application that loads what most do, and tells what it took until there. Last it tells
// how many modules were loaded beside it, so that one sees that what was to be started was.

require('node:http');
require('node:https');
require('node:http2');

const wallMs = performance.now();
const { user, system } = process.cpuUsage();
const others = Object.keys(require.cache).length - 1;
require('node:fs').writeSync(1, JSON.stringify({ wallMs, cpuMs: (user + system) / 1e3, others }));
