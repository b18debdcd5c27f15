// probe-host: runs a probe on this host.

import {
  Host,
  ManualClock,
  type Outcome,
  WasmLoadError,
} from '../../../envoyfilter/src/host/index.js';
import {
  CONFIGURATION,
  HANGS,
  type Probe,
  type ProbeRequest,
  RESET,
  replyText,
  type Seen,
  upstreamText,
  VM_CONFIGURATION,
} from './probe.js';

/** More than any period that a probe sets. */
const WAIT_MS = 100;

export async function runOnHost(probe: Probe): Promise<Seen> {
  const { name } = probe.guest;
  const host = new Host({ clock: new ManualClock() });
  const requests = probe.requests ?? [{}];
  let answers: string[];
  try {
    const plugin = host.load({
      name,
      rootId: name,
      vmId: name,
      vmConfiguration: VM_CONFIGURATION,
      configuration: CONFIGURATION,
      code: await probe.guest.assemble(),
      failurePolicy: probe.policy ?? 'closed',
      ...(probe.capabilities === undefined ? {} : { allowedCapabilities: probe.capabilities }),
    });
    answers = requests.map((request) => {
      host.advance(request.afterMs ?? 1);
      const stream = plugin.open({ sourceAddress: '127.0.0.1:1' });
      let outcome = stream.requestHeaders(pairsOf(request));
      if (outcome.action === 'pause' && outcome.reply === undefined && !outcome.reset) {
        host.advance(WAIT_MS);
        outcome = stream.later() ?? outcome;
      }
      let answer = answerOf(outcome);
      if (answer === undefined) {
        const response = stream.responseHeaders([[':status', '200']], false);
        const status = Number(response.headers.get(':status'));
        answer =
          answerOf(response) ?? upstreamText(status, [...outcome.headers], [...response.headers]);
      }
      stream.done();
      return answer;
    });
  } catch (error) {
    if (!(error instanceof WasmLoadError)) throw error;
    answers = requests.map(() => 'reply 500');
  }
  const lines = host.logs.map(({ message }) => message);
  return { lines: linesOf(name, lines), answers };
}

/** The lines of a guest, without its name. */
export function linesOf(name: string, messages: readonly string[]): string {
  return messages
    .filter((message) => message.startsWith(`${name} `))
    .map((message) => message.slice(name.length + 1))
    .join('; ');
}

function pairsOf({ method = 'GET', path = '/', headers = [] }: ProbeRequest) {
  return [
    [':authority', '127.0.0.1'],
    [':path', path],
    [':method', method],
    [':scheme', 'http'],
    ...headers,
  ] as const;
}

function answerOf({ action, reply, reset }: Outcome): string | undefined {
  if (reset) return RESET;
  if (reply !== undefined) return replyText(reply.status, [...reply.headers], reply.body);
  return action === 'continue' ? undefined : HANGS;
}
