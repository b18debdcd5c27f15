// try: one request put to a dispatcher, in the style that it speaks, for a caller of either style.
// Promise: nothing of an answer is handed on before the call has judged its head.

import type { Style } from './dispatchers.js';
import type { Controller, Handler } from './handler.js';
import { parsed, raw } from './headers.js';

/** What is read of an answer that is not handed on, so that its connection can be used again. */
const DISCARD_BYTES_MAX = 64 * 1024;
const DISCARD_MS_MAX = 1_000;

/** The call that a try is made for. The caller steers it as a controller. */
export interface Asked extends Controller {
  readonly handler: Handler;
  readonly style: Style;
  rawHeaders: unknown;
  rawTrailers: unknown;
  /** The connection of the try stands. */
  started(): void;
  /** The head of an answer has come: what becomes of it? */
  answered(tried: Try, status: number, headers: unknown): 'pass' | 'read' | 'drop';
  /** The text of an answer was read, as asked for. */
  read(tried: Try, status: number, text: string): 'pass' | 'drop';
  failed(tried: Try, error: unknown): void;
  /** The answer that was passed has ended, or failed. */
  ended(): void;
}

/** One request put to a dispatcher. Its methods are called in one of both styles. */
export abstract class Try {
  started = false;
  protected readonly call: Asked;
  #mode: 'open' | 'read' | 'pass' | 'drop' = 'open';
  #abort: ((reason: unknown) => void) | undefined;
  #abortWith: { reason: unknown } | undefined;
  #status = 0;
  #text = '';
  #length = 0;
  #hurry: NodeJS.Timeout | undefined;
  #chunks: Buffer[] = [];
  /** Hands the head on, when that is decided. */
  #tellHead: (() => void) | undefined;

  constructor(call: Asked) {
    this.call = call;
  }

  abstract pause(): void;
  abstract resume(): void;

  /** Ends it; nothing of it is told any more unless its answer is being handed on. */
  abort(reason: unknown): void {
    if (this.#mode !== 'pass') this.#mode = 'drop';
    if (this.#abort === undefined) this.#abortWith = { reason };
    else this.#abort(reason);
  }

  /** Its answer is not handed on: what is left of it is read and forgotten. */
  discard(): void {
    this.#mode = 'drop';
    this.#hurry = setTimeout(() => this.abort(new Error('Not needed any more.')), DISCARD_MS_MAX);
    this.#hurry.unref();
  }

  onBodySent(chunk: unknown): void {
    this.call.handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.call.handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.call.handler.onResponseStarted?.();
  }

  protected begun(abort: (reason: unknown) => void): void {
    this.#abort = abort;
    if (this.#abortWith !== undefined) {
      abort(this.#abortWith.reason);
      return;
    }
    this.started = true;
    this.call.started();
  }

  /** The head of an answer; `tell` hands it on. */
  protected head(status: number, headers: unknown, tell: () => void): void {
    if (status < 200) return;
    if (this.#mode !== 'open') return;
    this.#status = status;
    const verdict = this.call.answered(this, status, headers);
    if (verdict === 'read') {
      this.#mode = 'read';
      this.#tellHead = tell;
      return;
    }
    this.#mode = verdict;
    if (verdict === 'pass') tell();
  }

  /** The connection is the caller's from now on; `tell` hands it on. */
  protected upgraded(status: number, headers: unknown, tell: () => void): void {
    if (this.#mode !== 'open') return;
    this.#mode = this.call.answered(this, status, headers) === 'pass' ? 'pass' : 'drop';
    if (this.#mode !== 'pass') return;
    this.call.ended();
    tell();
  }

  /** True: the chunk is for the caller. */
  protected chunk(data: Buffer): boolean {
    if (this.#mode === 'read') {
      this.#chunks.push(data);
      this.#text += data.toString('latin1');
      return false;
    }
    if (this.#mode === 'drop') {
      this.#length += data.length;
      if (this.#length > DISCARD_BYTES_MAX) this.abort(new Error('Not needed any more.'));
    }
    return this.#mode === 'pass';
  }

  /** True: the end is for the caller, and `tellChunk` has been given what was kept back. */
  protected end(tellChunk: (data: Buffer) => void): boolean {
    clearTimeout(this.#hurry);
    if (this.#mode === 'read') {
      this.#mode = this.call.read(this, this.#status, this.#text);
      if (this.#mode === 'pass') {
        this.#tellHead?.();
        for (const chunk of this.#chunks) tellChunk(chunk);
      }
    }
    if (this.#mode === 'pass') this.call.ended();
    return this.#mode === 'pass';
  }

  /** True: the error is for the caller, who has had the head. */
  protected error(error: unknown): boolean {
    clearTimeout(this.#hurry);
    if (this.#mode === 'pass') {
      this.call.ended();
      return true;
    }
    if (this.#mode === 'drop') return false;
    this.#mode = 'drop';
    this.call.failed(this, error);
    return false;
  }
}

export class OldTry extends Try {
  #resume: (() => void) | undefined;

  pause(): void {}

  resume(): void {
    this.#resume?.();
  }

  onConnect(abort: (reason?: unknown) => void): void {
    this.begun(abort);
  }

  onHeaders(status: number, list: (string | Buffer)[], resume: () => void, text?: string): boolean {
    this.#resume = resume;
    const { call } = this;
    const flow = { on: true };
    this.head(status, list, () => {
      if (call.style === 'old') {
        flow.on = call.handler.onHeaders?.(status, list, resume, text) !== false;
        return;
      }
      call.rawHeaders = list;
      call.handler.onResponseStart?.(call, status, parsed(list), text);
      flow.on = !call.paused;
    });
    return flow.on;
  }

  onData(data: Buffer): boolean {
    if (!this.chunk(data)) return true;
    return this.#tell(data);
  }

  onComplete(trailers: (string | Buffer)[]): void {
    if (!this.end((data) => void this.#tell(data))) return;
    const { call } = this;
    if (call.style === 'old') {
      call.handler.onComplete?.(trailers);
      return;
    }
    call.rawTrailers = trailers;
    call.handler.onResponseEnd?.(call, parsed(trailers ?? []));
  }

  onError(error: unknown): void {
    if (!this.error(error)) return;
    const { call } = this;
    if (call.style === 'old') call.handler.onError?.(error);
    else call.handler.onResponseError?.(call, error);
  }

  onUpgrade(status: number, list: (string | Buffer)[], socket: unknown): void {
    const { call } = this;
    this.upgraded(status, list, () => {
      if (call.style === 'old') call.handler.onUpgrade?.(status, list, socket);
      else call.handler.onRequestUpgrade?.(call, status, parsed(list), socket);
    });
  }

  #tell(data: Buffer): boolean {
    const { call } = this;
    if (call.style === 'old') return call.handler.onData?.(data) !== false;
    call.handler.onResponseData?.(call, data);
    return !call.paused;
  }
}

export class NewTry extends Try {
  #controller: Controller | undefined;

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    this.begun((reason) => controller.abort(reason));
  }

  onResponseStart(controller: Controller, status: number, headers: unknown, text?: string): void {
    const { call } = this;
    this.head(status, headers, () => {
      if (call.style === 'new') {
        call.rawHeaders = controller?.rawHeaders ?? [];
        call.handler.onResponseStart?.(call, status, headers, text);
        return;
      }
      const list = controller?.rawHeaders ?? raw(headers);
      const goOn = call.handler.onHeaders?.(status, list, () => controller.resume(), text);
      if (goOn === false) controller.pause();
    });
  }

  onResponseData(controller: Controller, data: Buffer): void {
    if (this.chunk(data)) this.#tell(controller, data);
  }

  onResponseEnd(controller: Controller, trailers: unknown): void {
    if (!this.end((data) => this.#tell(controller, data))) return;
    const { call } = this;
    if (call.style === 'new') {
      call.rawTrailers = controller?.rawTrailers ?? [];
      call.handler.onResponseEnd?.(call, trailers);
    } else {
      call.handler.onComplete?.(controller?.rawTrailers ?? raw(trailers));
    }
  }

  onResponseError(_controller: Controller, error: unknown): void {
    if (!this.error(error)) return;
    const { call } = this;
    if (call.style === 'new') call.handler.onResponseError?.(call, error);
    else call.handler.onError?.(error);
  }

  onRequestUpgrade(
    controller: Controller,
    status: number,
    headers: unknown,
    socket: unknown,
  ): void {
    const { call } = this;
    this.upgraded(status, headers, () => {
      if (call.style === 'new') call.handler.onRequestUpgrade?.(call, status, headers, socket);
      else call.handler.onUpgrade?.(status, controller?.rawHeaders ?? raw(headers), socket);
    });
  }

  #tell(controller: Controller, data: Buffer): void {
    const { call } = this;
    if (call.style === 'new') call.handler.onResponseData?.(call, data);
    else if (call.handler.onData?.(data) === false) controller.pause();
  }
}
