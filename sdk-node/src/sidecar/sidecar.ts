// sidecar: what applications ask of the sidecar.

import type { SidecarState } from '../core/channels.js';
import { TagalongError } from '../core/errors.js';
import { peekSettings } from '../options/settings.js';
import { life } from './life.js';
import { ask } from './probe.js';

export interface WaitOptions {
  /** Default 60,000, as pilot-agent waits; at most 2,147,483,647. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface QuitOptions {
  /** Default `/quitquitquit` at port 15020 of the probe's host: Istio's agent. */
  url?: string;
  signal?: AbortSignal;
}

const WAIT_MS = 60_000;
const QUIT_MS = 5_000;
/** What a timer of Node can hold. */
const TIMER_MAX_MS = 0x7fffffff;
const AGENT_PORT = '15020';

/** This process's sidecar. */
export const sidecar = {
  /** Its state now. */
  get state(): SidecarState {
    return life().state;
  },

  /**
   * Waits until calls can be made, or it is clear that waiting won't help, and resolves with the
   * state that this is: `ready`; `none`; `draining`, since it is on its way out. While it is
   * `starting` or `dead` (Kubernetes starts it again) the wait goes on, and keeps the process alive.
   * @throws TagalongError TAGALONG_SIDECAR_NOT_READY: `timeoutMs` is over
   * @throws the reason of `signal`
   */
  wait({ timeoutMs = WAIT_MS, signal }: WaitOptions = {}): Promise<SidecarState> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const watched = life();
      if (endsWait(watched.state)) return resolve(watched.state);
      const stop = () => {
        clearTimeout(timer);
        unwatch();
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = () => {
        stop();
        reject(signal?.reason);
      };
      const unwatch = watched.watch((to) => {
        if (!endsWait(to)) return;
        stop();
        resolve(to);
      });
      const timer = setTimeout(
        () => {
          stop();
          reject(notReady(timeoutMs, watched.state));
        },
        Math.min(timeoutMs, TIMER_MAX_MS),
      );
      signal?.addEventListener('abort', onAbort);
    });
  },

  /**
   * Tells the sidecar to end, for jobs: a pod whose sidecar runs on is never complete. POST
   * /quitquitquit to Istio's agent. Resolves at once where there is no sidecar.
   * @throws TagalongError TAGALONG_SIDECAR_DEAD: nobody answers within 5 s
   * @throws TagalongError TAGALONG_CONFIG: who answers does not know the question; `url` is wrong
   * @throws the reason of `signal`
   */
  quit({ url, signal }: QuitOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (life().state === 'none') return resolve();
      const target = quitUrl(url);
      const onAbort = () => {
        giveUp();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort);
      const question = { method: 'POST', url: target, timeoutMs: QUIT_MS, ref: true } as const;
      const giveUp = ask(question, (sign) => {
        signal?.removeEventListener('abort', onAbort);
        if (typeof sign !== 'number') {
          const message = `POST ${target.href}: ${sign === 'refused' ? 'refused' : 'no answer'}`;
          reject(new TagalongError('TAGALONG_SIDECAR_DEAD', message));
        } else if (sign < 200 || sign > 299) {
          const message = `POST ${target.href}: answered ${sign}, want 200. Is it Istio's agent?`;
          reject(new TagalongError('TAGALONG_CONFIG', message));
        } else {
          // Its end is not far: look soon.
          life().noticeRefused();
          resolve();
        }
      });
    });
  },
};

function endsWait(state: SidecarState): boolean {
  return state === 'ready' || state === 'none' || state === 'draining';
}

function notReady(timeoutMs: number, state: SidecarState): TagalongError {
  const { probe } = peekSettings().sidecar;
  return new TagalongError(
    'TAGALONG_SIDECAR_NOT_READY',
    `The sidecar is ${state} after ${timeoutMs} ms: ${probe} has not answered 200.`,
  );
}

/** @throws TagalongError TAGALONG_CONFIG */
function quitUrl(given: string | undefined): URL {
  const url = new URL('/quitquitquit', peekSettings().sidecar.probe);
  url.port = AGENT_PORT;
  if (given === undefined) return url;
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  if (parsed?.protocol === 'http:') return parsed;
  throw new TagalongError('TAGALONG_CONFIG', `quit: "${given}": want http://HOST:PORT/PATH`);
}
