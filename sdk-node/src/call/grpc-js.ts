// grpc-js: what is used of the application's @grpc/grpc-js. Types alone, and our own: its types would
// make it a dependency of ours.

export interface Metadata {
  clone(): Metadata;
  get(name: string): (string | Buffer)[];
  set(name: string, value: string | Buffer): void;
  getMap(): Record<string, string | Buffer>;
  getOptions?(): { waitForReady?: boolean };
  setOptions?(options: object): void;
}

export interface Status {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
  readonly cause?: unknown;
}

export interface Listener {
  onReceiveMetadata(metadata: Metadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: Status): void;
}

export interface MessageContext {
  readonly callback?: (error?: Error | null) => void;
  readonly flags?: number;
}

export interface Call {
  cancelWithStatus(status: number, details: string): void;
  getPeer(): string;
  start(metadata: Metadata, listener: Listener): void;
  sendMessageWithContext(context: MessageContext, message: Buffer): void;
  startRead(): void;
  halfClose(): void;
  getCallNumber(): number;
  setCredentials(credentials: unknown): void;
  getAuthContext(): unknown;
}

export type CreateCall = [
  method: string,
  deadline: Date | number,
  host: string | null | undefined,
  parentCall: unknown,
  propagateFlags: number | null | undefined,
];

export interface Channel {
  close(): void;
  getTarget(): string;
  getConnectivityState(tryToConnect: boolean): number;
  watchConnectivityState(
    state: number,
    deadline: Date | number,
    callback: (e?: Error) => void,
  ): void;
  getChannelzRef(): unknown;
  createCall(...args: CreateCall): Call;
}

/** What is used of the application's grpc-js. */
export interface Grpc {
  readonly Channel: new (target: string, credentials: object, options: object) => Channel;
  readonly Metadata: new () => Metadata;
  readonly credentials: {
    createInsecure(): object;
    createFromSecureContext(context: unknown, verify?: object): object;
  };
}
