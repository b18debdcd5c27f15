// register: `node --import @tagalong/node/register app.js`. Side effects only: headers follow, and
// connections wait for the sidecar. Never retries a request, never changes when the process ends.

import { once } from './core/state.js';
import { peekSettings } from './options/settings.js';
import { installConnect } from './patch/connect.js';
import { GRPC } from './patch/grpc.js';
import { installHttpClients } from './patch/http.js';
import { HTTP2_WRAPPER, installHttp2Clients } from './patch/http2.js';
import { installModules } from './patch/modules.js';
import { installServers } from './patch/servers.js';
import { installFetch, UNDICI } from './patch/undici.js';

once('register', () => {
  if (!peekSettings().enabled) return false;
  installServers();
  installHttpClients();
  installHttp2Clients();
  installFetch();
  installModules([...UNDICI, GRPC, HTTP2_WRAPPER]);
  // New connections wait for the sidecar.
  installConnect();
  // ES modules that were linked before us see the patched functions too.
  process.getBuiltinModule('node:module').syncBuiltinESMExports();
  return true;
});
