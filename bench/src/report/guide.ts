// guide: for every part what a reader is shown, how it is read, and what it does not show.

import type { Part } from '../record/record.js';

export interface Guide {
  readonly title: string;
  readonly read: string;
  readonly hidden: string;
}

export const GUIDE: Readonly<Record<Part, Guide>> = {
  cpu: {
    title: 'CPU time per request',
    read:
      'CPU time that Envoy spends on a request more than without a filter: the difference within ' +
      'each round, its median, and in brackets where that lies at 95 %. “none again” is no ' +
      'filter once more: differences of its size are noise. “no-op wasm” is a module that does ' +
      'nothing: the least that any wasm filter costs. The multiple of it is (variant − none) ÷ ' +
      '(no-op wasm − none).',
    hidden:
      'How long a request takes, and what a filter costs where several workers wait for each ' +
      'other. Envoy answers by itself here: with a service behind it the share is smaller.',
  },
  latency: {
    title: 'Latency at a fixed rate',
    read:
      'Time from the moment a request was due, not from when it could be sent, so a proxy that ' +
      'stalls is charged for all that waited. Each step to the right leaves a tenth of the ' +
      'requests. Where lines run together the filters cannot be told apart; the second chart ' +
      'shows the same in percent over no filter, with bands for the 95 % intervals and “none ' +
      'again” as control. Variants that stand alone with their job are in the table only.',
    hidden:
      'A network, a service, other rates. The tail beyond p99 is mostly that of the machine: see ' +
      'how far “none again” is from “none”.',
  },
  throughput: {
    title: 'Throughput at saturation',
    read: 'Requests per second that one proxy answers when it is asked for as many as it can.',
    hidden: 'What it does at sensible load; nobody runs a sidecar like that.',
  },
  memory: {
    title: 'Memory per worker',
    read:
      'What one more worker takes, whose VM is its own: from proxies of several workers and of ' +
      'one. The change is from the no-op wasm, whose VM is there already.',
    hidden: 'What a longer life fragments, and what grows with the number of keys or requests.',
  },
  startup: {
    title: 'Start-up',
    read: 'From the start of the proxy, or of its module, until it answers.',
    hidden: 'A cold disk, and a push by a control plane.',
  },
  hops: {
    title: 'Two hops',
    read:
      'A request as a user’s goes: through the client’s sidecar and the server’s. The two are ' +
      'measured together.',
    hidden: 'The application between two calls, and TLS between sidecars.',
  },
  scaling: {
    title: 'Scaling',
    read:
      'What a filter costs over no filter as one thing grows, from left to right on a ' +
      'logarithmic scale: a flat line costs nothing more, a cost in proportion bends upwards. ' +
      'The band is the 95 % interval.',
    hidden: 'Two things that grow at once.',
  },
  micro: {
    title: 'Callbacks on the V8 host',
    read:
      'Per request: host calls and instructions of the module, which are counted and the same on ' +
      'each run, and time on the V8 host of the tests.',
    hidden:
      'What the host does in a call: in Envoy a call costs other than on this host, so times ' +
      'here are for comparing revisions, not for adding up.',
  },
  sdk: {
    title: 'SDK for Node',
    read:
      'CPU time of the service’s process per call that it makes, over bare Node. “bare again” ' +
      'is bare Node once more. “start” is a process that loads what it needs and ends.',
    hidden: 'What the service does besides; other Node versions than those named.',
  },
};
