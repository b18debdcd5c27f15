// handler: what undici and its callers tell each other of a request, in both styles. Types alone.

/** What undici gives a handler to steer a call with. */
export interface Controller {
  pause(): void;
  resume(): void;
  abort(reason: unknown): void;
  readonly aborted: boolean;
  readonly reason: unknown;
  readonly paused: boolean;
  rawHeaders?: unknown;
  rawTrailers?: unknown;
}

type Head = unknown;
type Trailers = unknown;

/** undici's handlers: a call's are of one of both styles. */
export interface Handler {
  onConnect?(abort: (reason?: unknown) => void, context?: unknown): void;
  onHeaders?(status: number, raw: unknown, resume: () => void, text?: string): boolean | undefined;
  onData?(chunk: Buffer): boolean | undefined;
  onComplete?(raw: unknown): void;
  onError?(error: unknown): void;
  onUpgrade?(status: number, raw: unknown, socket: unknown): void;
  onResponseStarted?(): void;
  onBodySent?(chunk: unknown): void;
  onRequestSent?(): void;
  onRequestStart?(controller: Controller, context?: unknown): void;
  onResponseStart?(c: Controller, status: number, headers: Head, text?: string): void;
  onResponseData?(controller: Controller, chunk: Buffer): void;
  onResponseEnd?(controller: Controller, trailers: Trailers): void;
  onResponseError?(controller: Controller, error: unknown): void;
  onRequestUpgrade?(c: Controller, status: number, headers: Head, socket: unknown): void;
}
