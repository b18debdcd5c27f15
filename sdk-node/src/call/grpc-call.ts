// grpc-call: one call of gRPC around its course.
// Promise: it is repeated only while no message of its answer was handed on, and only if all that it has
// sent is still kept.

import { AsyncResource } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';
import { currentHeaded } from '../context/context.js';
import { filledMetadata } from '../context/metadata.js';
import type { Code, TagalongError } from '../core/errors.js';
import { life } from '../sidecar/life.js';
import { capturedBy } from './connector.js';
import { Course, type Ending } from './course.js';
import type { Door } from './grpc-door.js';
import { Feed, type Kept, tell } from './grpc-feed.js';
import { FirstMessage } from './grpc-first.js';
import type {
  Call,
  CreateCall,
  Grpc,
  Listener,
  MessageContext,
  Metadata,
  Status,
} from './grpc-js.js';
import { isIdempotent, KEY } from './idempotent.js';
import type { Policy } from './options.js';
import { answerOf, codeOf, isUnsentText } from './proof.js';
import { Steps } from './steps.js';
import { isThroughEnvoy, type Target, type Way, type Ways } from './way.js';

/** Sent messages kept for a repetition, of one call. */
const KEPT_BYTES_MAX = 1024 * 1024;
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const INTERNAL = 13;
const UNAVAILABLE = 14;

export interface ChannelSettings {
  readonly grpc: Grpc;
  readonly policy: Policy;
  readonly target: string;
  readonly credentials: object & { _isSecure?(): boolean };
  /** The caller's channel options. */
  readonly options: Record<string, unknown>;
}

/** The channel that a call is made on. */
export interface Routed {
  readonly settings: ChannelSettings;
  readonly target: Target;
  /** The ways that a call may take now. */
  ways(): Ways;
  /** Of the channel of a way. @throws Error closed */
  door(way: Way): Door;
}

export class RoutedCall extends AsyncResource implements Call {
  readonly #channel: Routed;
  readonly #args: CreateCall;
  readonly #course: Course;
  readonly #steps: Steps;
  #metadata: Metadata | undefined;
  #listener: Listener | undefined;
  #credentials: unknown[] = [];
  /** Undefined: it has grown too large to be repeated. */
  #kept: Kept[] | undefined = [];
  #keptBytes = 0;
  #reads = 0;
  #halfClosed = false;
  #current: Call | undefined;
  #feed: Feed | undefined;
  /** A message of the answer was handed on: from now on this is that one call. */
  #committed = false;
  #headed = false;
  #over = false;
  #deadline: NodeJS.Timeout | undefined;
  #idempotent: boolean | undefined;
  readonly #first = new FirstMessage((message) => {
    this.#commit();
    this.runInAsyncScope(() => this.#listener!.onReceiveMessage(message));
  });

  constructor(channel: Routed, args: CreateCall) {
    super('TAGALONG_CALL');
    this.#channel = channel;
    this.#args = args;
    const { policy } = channel.settings;
    this.#course = new Course(
      {
        policy,
        target: channel.target,
        ways: channel.ways(),
        idempotent: () => this.#isIdempotent(),
        replayable: () => this.#kept !== undefined && !this.#committed,
        draining: () => life().state === 'draining',
        random: Math.random,
      },
      performance.now(),
    );
    this.#steps = new Steps(this.#course, channel.target, this, {
      go: (way) => this.#enter(way),
      fail: (error) => this.#fail(error),
    });
  }

  start(metadata: Metadata, listener: Listener): void {
    const context = currentHeaded();
    const [, , host] = this.#args;
    const authority = host || this.#channel.target.authority;
    this.#metadata =
      context === undefined ? metadata : filledMetadata(context, authority, metadata);
    this.#listener = listener;
    this.#arm();
    this.#steps.take(this.#course.begin(performance.now()));
  }

  /** A channel that was closed meanwhile throws: the call ends with that. */
  #unlessClosed<T>(of: () => T): T | undefined {
    try {
      return of();
    } catch (error) {
      this.#endWith(CANCELLED, (error as Error).message);
      return undefined;
    }
  }

  /** Until the answer of a try begins. */
  #arm(): void {
    const [, deadline] = this.#args;
    const policyMs = this.#course.deadlineAtMs - performance.now();
    // The caller's own deadline wins if it comes first.
    const ownMs = Number(deadline) - Date.now();
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(
      () => this.#overdue(ownMs < policyMs),
      Math.max(0, Math.min(ownMs, policyMs)),
    );
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    const { flags, callback } = context;
    const kept: Kept = { message, flags, callback, taken: false };
    if (!this.#committed) this.#kept?.push(kept);
    this.#feed?.push(kept);
  }

  /** A message was written; until then it is there anyway, and the caller waits with the next. */
  #taken(kept: Kept): void {
    tell(kept);
    if (kept.taken) return;
    kept.taken = true;
    this.#keptBytes += kept.message.length;
    if (this.#keptBytes > KEPT_BYTES_MAX) this.#kept = undefined;
  }

  startRead(): void {
    this.#reads++;
    this.#current?.startRead();
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#feed?.end();
  }

  cancelWithStatus(code: number, details: string): void {
    if (this.#over) return;
    if (this.#current !== undefined) {
      // Its own status comes, and is not judged.
      this.#committed = true;
      this.#current.cancelWithStatus(code, details);
      return;
    }
    this.#endWith(code, details);
  }

  getPeer(): string {
    return this.#current?.getPeer() ?? this.#channel.settings.target;
  }

  getCallNumber(): number {
    return this.#current?.getCallNumber() ?? 0;
  }

  getAuthContext(): unknown {
    return this.#current?.getAuthContext() ?? null;
  }

  setCredentials(credentials: unknown): void {
    this.#credentials.push(credentials);
    this.#current?.setCredentials(credentials);
  }

  #enter(way: Way): void {
    if (this.#over) return;
    const door = this.#unlessClosed(() => this.#channel.door(way));
    door?.enter(() => this.runInAsyncScope(() => this.#try(way, door)));
  }

  #try(way: Way, door: Door): void {
    if (this.#over) return;
    const call = this.#unlessClosed(() => door.channel.createCall(...this.#args));
    if (call === undefined) return;
    this.#current = call;
    for (const credentials of this.#credentials) call.setCredentials(credentials);
    const metadata = this.#metadata!.clone();
    // A channel that waits for its connection does not say that there is none.
    if (metadata.getOptions?.().waitForReady && this.#channel.ways().usable.length > 1) {
      metadata.setOptions?.({ ...metadata.getOptions(), waitForReady: false });
    }
    const mine = () => this.#current === call && !this.#over;
    let headed = false;
    call.start(metadata, {
      onReceiveMetadata: (received) => {
        if (!mine()) return;
        headed = true;
        this.#begun();
        // Once: of a call that is repeated after its head, the caller has had one.
        if (this.#headed) return;
        this.#headed = true;
        this.#listener!.onReceiveMetadata(received);
      },
      onReceiveMessage: (message) => {
        if (!mine()) return;
        const isFirst = !this.#first.waits && !this.#committed;
        // A status without an answer comes with no message.
        if (message !== null && isFirst && this.#isRepeatable()) {
          this.#first.keep(message);
          return;
        }
        this.#first.handOn();
        if (message !== null) this.#commit();
        this.#listener!.onReceiveMessage(message);
      },
      onReceiveStatus: (status) => {
        if (!mine()) return;
        if (isOwnOf(status)) this.#first.drop();
        else this.#first.handOn();
        this.#ended(way, status, headed);
      },
    });
    const feed = new Feed(call, (kept) => this.#taken(kept));
    this.#feed = feed;
    for (const kept of this.#kept ?? []) feed.push(kept);
    if (this.#halfClosed) feed.end();
    for (let i = 0; i < this.#reads; i++) call.startRead();
  }

  #isRepeatable(): boolean {
    return this.#kept !== undefined && this.#isIdempotent();
  }

  /** The answer begins. */
  #begun(): void {
    this.#course.started();
    clearTimeout(this.#deadline);
  }

  #commit(): void {
    if (this.#committed) return;
    this.#begun();
    this.#committed = true;
    this.#kept = undefined;
  }

  #ended(way: Way, status: Status, headed: boolean): void {
    if (this.#committed) {
      this.#course.ended(answered(status), performance.now());
      this.#end(isOwnOf(status) ? { ...status, cause: this.#course.cut(status) } : status);
      return;
    }
    const ending = this.#endingOf(way, status, headed);
    const step = this.#course.ended(ending, performance.now());
    this.#current = undefined;
    // What it has not written is written by the next, if all is there.
    if (this.#kept === undefined) this.#feed?.release();
    this.#feed = undefined;
    const refused = ending.kind === 'unconnected' && codeOf(ending.error) === 'ECONNREFUSED';
    const caught = refused && step.kind === 'fail' ? capturedBy(way, ending.error) : undefined;
    if (caught !== undefined) this.#fail(caught);
    else if (step.kind === 'pass') this.#end(status);
    else {
      this.#arm();
      this.#steps.take(step);
    }
  }

  #endingOf(way: Way, status: Status, headed: boolean): Ending {
    const isOwn = isOwnOf(status);
    if (status.code !== UNAVAILABLE && !isOwn) return answered(status);
    const headers = status.metadata.getMap();
    const error = Object.assign(new Error(status.details), { code: 'UNAVAILABLE', status });
    const reply = {
      status: 200,
      header: (name: string) => {
        const value = headers[name];
        return value === undefined ? undefined : String(value);
      },
    };
    if (isOwn) {
      // Who has sent a head was there: the words may be those of an application that calls others.
      if (headed) return { kind: 'maybe', error };
      if (/^(No connection established|Name resolution failed)/.test(status.details)) {
        const refused = /ECONNREFUSED/.test(status.details);
        if (refused && way.via === 'sidecar') life().noticeRefused();
        const code = /\bE[A-Z]{4,}\b/.exec(status.details)?.[0] ?? 'UNAVAILABLE';
        return { kind: 'unconnected', error: Object.assign(error, { code }) };
      }
      if (status.details === 'Stream refused by server') return { kind: 'unsent', error };
      return { kind: 'maybe', error };
    }
    const answer = answerOf(reply, isThroughEnvoy(way));
    const { policy } = this.#channel.settings;
    const { authority } = this.#channel.target;
    if (answer.kind === 'retried') {
      policy.budget.charge(authority, answer.times - 1, performance.now());
      return answered(status);
    }
    if (answer.kind === 'overloaded') return answered(status);
    if (answer.kind === 'local' && isUnsentText(status.details)) {
      return { kind: 'unsent', answer: status.code };
    }
    return { kind: 'answered', answer: status.code, again: policy.statuses.has(503) };
  }

  #overdue(callers: boolean): void {
    if (this.#over) return;
    const current = this.#current;
    const error = this.#course.overdue(current !== undefined, life().state, performance.now());
    this.#current = undefined;
    current?.cancelWithStatus(CANCELLED, 'deadline');
    if (!callers) {
      this.#fail(error);
      return;
    }
    this.#endWith(DEADLINE_EXCEEDED, 'Deadline exceeded');
  }

  /** grpc-js makes an error of a status, with all that it has. */
  #fail(error: TagalongError): void {
    this.#endWith(CODES[error.code] ?? UNAVAILABLE, `${error.code}: ${error.message}`, error);
  }

  #end(status: Status): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#first.drop();
    this.#steps.stop();
    for (const kept of this.#kept ?? []) tell(kept);
    this.#feed?.release();
    this.#kept = undefined;
    // A caller that is told while it still starts the call has no way to hear of it.
    process.nextTick(() => this.runInAsyncScope(() => this.#listener?.onReceiveStatus(status)));
  }

  #isIdempotent(): boolean {
    this.#idempotent ??= this.#decideIdempotent();
    return this.#idempotent;
  }

  #decideIdempotent(): boolean {
    const { authority, secure } = this.#channel.target;
    const { idempotent } = this.#channel.settings.policy;
    const metadata = this.#metadata!;
    // Asked of every call that is answered: all names only for a caller who wants to see them.
    const names = idempotent === undefined ? [KEY] : Object.keys(metadata.getMap());
    const headers = names.flatMap((name) =>
      metadata
        .get(name)
        .flatMap((value) => (typeof value === 'string' ? [[name, value] as const] : [])),
    );
    const url = () => new URL(this.#args[0], `${secure ? 'https' : 'http'}://${authority}`);
    return isIdempotent(idempotent, 'POST', headers, url);
  }

  /** A status of our own, without metadata. */
  #endWith(code: number, details: string, cause?: TagalongError): void {
    const metadata = new this.#channel.settings.grpc.Metadata();
    this.#end({ code, details, metadata, ...(cause === undefined ? {} : { cause }) });
  }
}

const CODES: Partial<Record<Code, number>> = { TAGALONG_DEADLINE: DEADLINE_EXCEEDED };

/**
 * No trailers came from the other side: grpc-js itself says that there is no connection, or that the
 * stream broke off, which it does with INTERNAL where that was not for a lost connection.
 */
function isOwnOf({ code, metadata, details }: Status): boolean {
  if (Object.keys(metadata.getMap()).length > 0) return false;
  return code === UNAVAILABLE || (code === INTERNAL && details.startsWith('Received RST_STREAM '));
}

function answered({ code }: Status): Ending {
  return { kind: 'answered', answer: code, again: false };
}
