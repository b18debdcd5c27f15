// http: agents for node:http, node:https, axios and got; middleware for who starts without `register`.

import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsBase, type AgentOptions as TlsOptions } from 'node:https';
import { type ConnectOptions, routed } from './call/agent.js';

export type { ConnectOptions } from './call/agent.js';
export { type Middleware, middleware } from './context/middleware.js';

const RoutedHttp = routed(HttpAgent, false) as unknown as typeof HttpAgent;
const RoutedHttps = routed(
  HttpsBase as unknown as typeof HttpAgent,
  true,
) as unknown as typeof HttpsBase;

/**
 * As node:http's Agent, with all of its options; and a connection waits for the sidecar, and falls
 * to the next hop of its route where it cannot be established. `deadlineMs` is for that alone.
 * @throws TagalongError TAGALONG_CONFIG: an option is wrong
 */
export class Agent extends RoutedHttp {
  // Said here for the types: the class beneath takes them out.
  // biome-ignore lint/complexity/noUselessConstructor: its parameter has another type.
  constructor(options?: AgentOptions & ConnectOptions) {
    super(options);
  }
}

/** As `Agent`, of node:https. A hop that is a proxy cannot take what the caller encrypts. */
export class HttpsAgent extends RoutedHttps {
  // biome-ignore lint/complexity/noUselessConstructor: its parameter has another type.
  constructor(options?: TlsOptions & ConnectOptions) {
    super(options);
  }
}
