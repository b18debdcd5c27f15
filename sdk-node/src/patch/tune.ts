// tune: servers are tuned by themselves once the sidecar is ready, those that listen by then and
// those that come later; who has set a time keeps it.

import { Server } from 'node:net';
import { once } from '../core/state.js';
import { life } from '../sidecar/life.js';
import { isTunable, meetSessions, tuneDefault } from '../sidecar/tune.js';

/** Patches `net.Server.prototype.listen`, once a process. */
export function installTune(): void {
  once('tune', () => {
    const sidecar = life();
    const met = new WeakSet<Server>();
    /** Those that listen now. */
    const servers = new Set<Server>();
    const meet = (server: Server) => {
      if (met.has(server) || !isTunable(server)) return;
      met.add(server);
      meetSessions(server);
      server.on('close', () => servers.delete(server));
      server.on('listening', () => {
        servers.add(server);
        if (sidecar.state === 'ready') tuneDefault(server);
      });
    };
    sidecar.watch((to) => {
      if (to === 'ready') for (const server of servers) tuneDefault(server);
    });
    const original = Server.prototype.listen as (...args: unknown[]) => Server;
    function listen(this: Server, ...args: unknown[]): Server {
      // `listening` comes a tick later: what the caller sets after `listen` is set by then.
      meet(this);
      return Reflect.apply(original, this, args);
    }
    Server.prototype.listen = listen as typeof Server.prototype.listen;
    return original;
  });
}
