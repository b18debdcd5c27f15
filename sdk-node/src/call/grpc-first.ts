// grpc-first: the first message of a gRPC answer, kept back until it is certain that more comes.

/**
 * The first message of an answer waits so long for what follows it, of a call that may be made once
 * more: a proxy that dies between the message and the status is not noticed then. Its connections
 * close some 20 ms after a kill. The status of a unary call comes with the message nearly always, so
 * that only streams wait.
 */
const FIRST_MESSAGE_WAITS_MS = 100;

export class FirstMessage {
  readonly #tell: (message: unknown) => void;
  #kept: { readonly message: unknown; readonly timer: NodeJS.Timeout } | undefined;

  constructor(tell: (message: unknown) => void) {
    this.#tell = tell;
  }

  get waits(): boolean {
    return this.#kept !== undefined;
  }

  keep(message: unknown): void {
    const timer = setTimeout(() => this.handOn(), FIRST_MESSAGE_WAITS_MS);
    this.#kept = { message, timer };
  }

  /** More came: it is told, if it waits. */
  handOn(): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    this.drop();
    this.#tell(kept.message);
  }

  drop(): void {
    clearTimeout(this.#kept?.timer);
    this.#kept = undefined;
  }
}
