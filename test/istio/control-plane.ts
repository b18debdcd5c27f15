// control-plane: Istio's control plane as a child process (main.go), one request after the other.
// Promise: it ends when stopped, and with this process however that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const OUTPUT_CHARS = 20_000;

/** What a proxy said of configuration that it does not take. */
export interface Rejection {
  /** Its node id. */
  readonly proxy: string;
  /** Of the resources, as a type URL. */
  readonly type: string;
  readonly message: string;
}

interface Answer {
  readonly id: number;
  readonly port?: number;
  readonly error?: string;
  readonly rejections?: readonly Rejection[];
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class ControlPlane {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #port = 0;
  #asked = 0;
  #output = '';
  #over: Error | undefined;

  private constructor(program: string) {
    this.#child = spawn(program, [], {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        // These filters are in Istio's own build of Envoy only.
        PILOT_ENABLE_ALPN_FILTER: 'false',
        PILOT_ENABLE_METADATA_EXCHANGE: 'false',
      },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARS);
      });
    }
    const answers = this.#child.stdio[3] as Readable;
    createInterface({ input: answers }).on('line', (line) => this.#take(JSON.parse(line)));
    this.#child.stdin?.on('error', () => {}); // told by its end
    this.#child.on('error', (error) => this.#end(error.message));
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#end(`it ended with ${signal ?? code}`);
        resolve();
      });
    });
  }

  static async start(program: string): Promise<ControlPlane> {
    const plane = new ControlPlane(program);
    const { port = 0 } = await plane.#expect(0);
    plane.#port = port;
    return plane;
  }

  /** Of its ADS, on loopback, without TLS. */
  get port(): number {
    return this.#port;
  }

  /**
   * Makes these Kubernetes objects all there are, and waits until every proxy has answered.
   * @throws Error where Istio takes one of them for invalid
   */
  apply(resources: readonly object[]): Promise<readonly Rejection[]> {
    return this.#ask({ op: 'apply', resources });
  }

  /** Waits until every proxy has answered. What they rejected since the last `apply`. */
  settle(): Promise<readonly Rejection[]> {
    return this.#ask({ op: 'settle' });
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  async #ask(request: object): Promise<readonly Rejection[]> {
    const id = ++this.#asked;
    const answered = this.#expect(id);
    this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    const { error, rejections = [] } = await answered;
    if (error !== undefined) throw new Error(`Istio: ${error}`);
    return rejections;
  }

  #expect(id: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over);
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #take(answer: Answer): void {
    this.#waiting.get(answer.id)?.resolve(answer);
    this.#waiting.delete(answer.id);
  }

  #end(why: string): void {
    this.#over ??= new Error(`Istio's control plane: ${why}; it said: ${this.#output}`);
    for (const { reject } of this.#waiting.values()) reject(this.#over);
    this.#waiting.clear();
  }
}
