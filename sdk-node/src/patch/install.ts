// install: all patches at once, once a process. Headers follow, connections wait for the sidecar,
// servers agree with it. Never retries a request, never changes when the process ends.

import { once } from '../core/state.js';
import { peekSettings } from '../options/settings.js';
import { installConnect } from './connect.js';
import { GRPC } from './grpc.js';
import { installHttpClients } from './http.js';
import { HTTP2_WRAPPER, installHttp2Clients } from './http2.js';
import { installModules } from './modules.js';
import { installServers } from './servers.js';
import { installTune } from './tune.js';
import { installFetch, UNDICI } from './undici.js';

export function install(): void {
  once('register', () => {
    if (!peekSettings().enabled) return false;
    installServers();
    installHttpClients();
    installHttp2Clients();
    installFetch();
    installModules([...UNDICI, GRPC, HTTP2_WRAPPER]);
    installConnect();
    installTune();
    // ES modules that were linked before us see the patched functions too.
    process.getBuiltinModule('node:module').syncBuiltinESMExports();
    return true;
  });
}
