// Traps: what the stream gets that causes one, what the next ones get, under each failure policy.

import type { Probe, ProbeRequest } from '../probe.js';
import { Guest, word } from '../wat.js';

const TRAP: ProbeRequest = { headers: [['x-trap', '1']] };
const PLAIN: ProbeRequest = {};
const GRPC: ProbeRequest = { method: 'POST', headers: [['content-type', 'application/grpc']] };
const POLICIES = ['closed', 'open', 'reload'] as const;

/** Since its VM was loaded, Envoy replaces a failed one after 1 to 1.5 s. */
const RELOAD_MS = 1600;

/** Traps in one callback where the request has `x-trap`. */
function guestThatTraps(name: string, callback: string): Guest {
  const g = new Guest(name);
  const asked = g.call('get_header_map_value', 0, g.text('x-trap'), word(0), word(1));
  const body = (one: string) =>
    one === callback ? `(if (global.get $trap) (then unreachable))` : '';
  g.raw('(global $trap (mut i32) (i32.const 0))');
  g.on('proxy_on_configure', g.say('configure'));
  g.on(
    'proxy_on_request_headers',
    `${g.say('request')} (global.set $trap (i32.eqz ${asked}))
     ${g.try('add', 'add_header_map_value', 0, g.text('x-was'), g.text('here'))}
     ${body('proxy_on_request_headers')}`,
  );
  g.on('proxy_on_response_headers', g.say('response') + body('proxy_on_response_headers'));
  g.on('proxy_on_log', g.say('log') + body('proxy_on_log'));
  g.on('proxy_on_done', g.say('done'));
  g.on('proxy_on_delete', g.say('delete'));
  return g;
}

function inRequest(policy: (typeof POLICIES)[number]): Probe {
  return {
    guest: guestThatTraps(`trap-request-${policy}`, 'proxy_on_request_headers'),
    policy,
    // The first waits until the VM may be replaced.
    requests: [
      { ...TRAP, afterMs: RELOAD_MS },
      PLAIN,
      TRAP,
      PLAIN,
      GRPC,
      { ...PLAIN, afterMs: RELOAD_MS },
    ],
  };
}

function inResponse(policy: (typeof POLICIES)[number]): Probe {
  const guest = guestThatTraps(`trap-response-${policy}`, 'proxy_on_response_headers');
  return { guest, policy, requests: [PLAIN, TRAP, { ...PLAIN, afterMs: RELOAD_MS }] };
}

function inLog(policy: (typeof POLICIES)[number]): Probe {
  const guest = guestThatTraps(`trap-log-${policy}`, 'proxy_on_log');
  return { guest, policy, requests: [TRAP, PLAIN] };
}

/** A stream whose context the guest cannot make. */
function inCreate(): Probe {
  const g = new Guest('trap-create');
  g.on('proxy_on_context_create', '(if (local.get $1) (then unreachable))');
  g.on('proxy_on_request_headers', g.say('request'));
  return { guest: g, policy: 'open', requests: [PLAIN, PLAIN] };
}

/** A root whose context the guest cannot make: the configuration counts as accepted all the same. */
function inRoot(policy: 'closed' | 'open'): Probe {
  const g = new Guest(`trap-root-${policy}`);
  g.on('proxy_on_context_create', `${g.say('create')} unreachable`);
  g.on('proxy_on_vm_start', g.say('start'));
  g.on('proxy_on_configure', g.say('configure'));
  g.on('proxy_on_request_headers', g.say('request'));
  return { guest: g, policy, requests: [PLAIN, PLAIN] };
}

/** A reply that was asked for before the trap, and one whose response callback traps. */
function afterReply(name: string, callback: string): Probe {
  const g = new Guest(name);
  const reply = g.try('reply', 'send_local_response', 401, 0, 0, g.text('one'), 0, 0, -1);
  const trap = (one: string) => (one === callback ? 'unreachable' : '');
  g.on('proxy_on_request_headers', reply + trap('proxy_on_request_headers'));
  g.on('proxy_on_response_headers', g.say('response') + trap('proxy_on_response_headers'));
  return { guest: g, requests: [PLAIN, GRPC] };
}

export const failureProbes: readonly Probe[] = [
  ...POLICIES.flatMap((policy) => [inRequest(policy), inResponse(policy)]),
  inLog('closed'),
  inLog('open'),
  inCreate(),
  inRoot('closed'),
  inRoot('open'),
  afterReply('trap-after-reply', 'proxy_on_request_headers'),
  afterReply('trap-in-reply', 'proxy_on_response_headers'),
];
