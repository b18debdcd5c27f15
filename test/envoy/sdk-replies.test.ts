// What Envoy answers by itself, from the real one: whether a POST or a gRPC call without a key goes on
// to the next hop after it. Only what proves that nothing was sent lets it.

import { beforeAll, describe, expect, it } from 'vitest';
import { REPLIES, type ReplyName, SdkReplies } from '../harness/sdk-replies.js';
import { nodes, runApp } from '../sdk-node/calls/apps.js';

const TIMEOUT_MS = 60_000;
const node = nodes[0]!;

interface Told {
  readonly status: number;
  readonly text: string;
  /** x-envoy-attempt-count. */
  readonly count?: string | null;
  /** Arrivals at the next hop. */
  readonly other: number;
  readonly attempts: readonly string[];
}

const reset = (why: string) =>
  new RegExp(`^upstream connect error or disconnect/reset before headers\\. ${why}`);
const UNSENT = { status: 200, text: 'other POST the-body', other: 1 };
const REPEATED = (status: number) => [`proxy ${status} no`, expect.stringMatching(/^direct/)];
const kept = (status: number, text: unknown, count: string | null) => ({
  ...{ status, text, count, other: 0 },
  attempts: [`proxy ${status} maybe`],
});
const matching = (pattern: RegExp) => expect.stringMatching(pattern);
const RETRIED = matching(reset('retried and the latest reset reason: remote connection failure'));

/** Name → what came of a POST, and the status of a gRPC call that is not repeated. */
const EXPECTED: Record<ReplyName, { http: object; grpc?: number }> = {
  uf: { http: { ...UNSENT, attempts: REPEATED(503) } },
  uh: { http: { ...UNSENT, attempts: REPEATED(503) } },
  urx: { http: kept(503, RETRIED, '3'), grpc: 14 },
  uc: { http: kept(503, matching(reset('reset reason: connection termination')), '1'), grpc: 14 },
  uo: { http: kept(503, matching(reset('reset reason: overflow')), '1'), grpc: 14 },
  nc: { http: kept(503, '', null), grpc: 14 },
  nr: { http: kept(404, '', null), grpc: 12 },
  ut: { http: kept(504, 'upstream request timeout', '1'), grpc: 14 },
  // Its application took the call and died: the last of Envoy's three attempts found nobody.
  died: { http: kept(503, RETRIED, '3'), grpc: 14 },
  // Its application worked and answered 503, for which its host was ejected.
  ejected: { http: kept(503, 'no healthy upstream', '2') },
  suppressed: { http: kept(503, '', '1') },
  // An application that passes on what it was told by others.
  forged: { http: kept(503, 'no healthy upstream', '1') },
};
const OF_GRPC = REPLIES.filter((name) => !['ejected', 'suppressed', 'forged'].includes(name));

describe.each(['1.40.0', '1.36.4'])('Envoy %s', (version) => {
  let told: Record<'fetch' | 'grpc', Record<string, Told>>;
  let arrived: Record<string, number>;

  beforeAll(async () => {
    const replies = await SdkReplies.start(version);
    try {
      const { port, suppressingPort } = replies;
      const asked = { port, suppressingPort, names: REPLIES, grpcNames: OF_GRPC };
      told = await runApp(node, 'replies.mjs', [JSON.stringify(asked)]);
      arrived = replies.arrived();
    } finally {
      await replies.stop();
    }
  }, TIMEOUT_MS);

  it.each(REPLIES)('%s: a POST is repeated only if it was not sent', (name) => {
    expect(told.fetch[name]).toMatchObject(EXPECTED[name].http);
  });

  it.each(OF_GRPC)('%s: a gRPC call is repeated only if it was not sent', (name) => {
    const { grpc } = EXPECTED[name];
    expect(told.grpc[name]).toMatchObject(
      grpc === undefined
        ? { status: 0, text: 'other', other: 1, attempts: REPEATED(14) }
        : { status: grpc, other: 0, attempts: [`proxy ${grpc} maybe`] },
    );
  });

  it('lets nothing arrive twice', () => {
    const names = ['uc', 'ut', 'died', 'grpc-uc', 'grpc-ut', 'grpc-died'];
    const all = [...names, 'ejected', 'suppressed', 'forged'];
    expect(arrived).toEqual(Object.fromEntries(all.map((name) => [name, 1])));
  });
});
