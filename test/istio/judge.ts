// judge: Istio's own control plane with real Envoys on it: resources in, traffic through. What Istio
// refuses, or a proxy does, is an error that says so.

import { spawn } from 'node:child_process';
import { ControlPlane, type Rejection } from './control-plane.js';
import { IstioProxy } from './istio-proxy.js';
import {
  ANY_PORT,
  type Ingress,
  inboundListener,
  PLAIN_TEXT,
  type PlacedSidecar,
} from './own-resources.js';
import { findIstio, type IstioPrograms } from './programs.js';

export interface ProxyOptions {
  /** `router` is a gateway. */
  readonly kind: 'sidecar' | 'router';
  readonly namespace: string;
  /** Of its pod. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of its pod: any that no other has, as Istio tells proxies apart by it; default the next one. */
  readonly ip?: string;
  /** MAJOR.MINOR; default 1.40. */
  readonly envoy?: string;
  /** Of its pod. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** A sidecar's application; absent: none, and the proxy has no inbound listener. */
  readonly ingress?: Ingress;
  /** True: that it rejects what it is given is no error. */
  readonly mayReject?: boolean;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A label that one proxy alone has, by which its own resources find it. */
const POD = 'judge/pod';

export class Judge {
  readonly #programs: IstioPrograms;
  readonly #plane: ControlPlane;
  readonly #proxies = new Set<IstioProxy>();
  readonly #sidecars = new Map<string, PlacedSidecar>();
  #resources: readonly object[] = [];
  #made = 0;

  private constructor(programs: IstioPrograms, plane: ControlPlane) {
    this.#programs = programs;
    this.#plane = plane;
  }

  /** @throws Error where Istio's programs are not to be had; a test asks findIstio() first */
  static async start(): Promise<Judge> {
    const programs = await findIstio();
    if (programs === undefined) throw new Error("Istio's programs cannot be built here");
    const judge = new Judge(programs, await ControlPlane.start(programs.judge));
    await judge.apply([]);
    return judge;
  }

  /**
   * Makes these Kubernetes objects all there are; ends when they are at work in every proxy.
   * @throws Error where Istio takes one for invalid, or a proxy rejects what became of them
   */
  async apply(resources: readonly object[]): Promise<void> {
    throwRejected(await this.attempt(resources));
  }

  /** As `apply`, for what proxies shall reject: what they say of it. */
  async attempt(resources: readonly object[]): Promise<readonly Rejection[]> {
    this.#resources = resources;
    const own = [ANY_PORT, PLAIN_TEXT, ...[...this.#sidecars.values()].flatMap(inboundListener)];
    const rejections = await this.#plane.apply([...own, ...resources]);
    await this.#warmed();
    return rejections;
  }

  /**
   * Starts a proxy; ends when it is ready and has all that was applied.
   * @throws Error where it, or one that runs already, rejects any of that
   */
  async proxy(options: ProxyOptions): Promise<IstioProxy> {
    const { kind, namespace, annotations = {}, ingress, envoy = '1.40' } = options;
    const number = ++this.#made;
    const name = `${options.labels.app ?? kind}-${number}`;
    const labels = { ...options.labels, [POD]: name };
    const ip = options.ip ?? `127.0.${10 + (number >> 8)}.${number & 0xff}`;
    if (ingress !== undefined) {
      this.#sidecars.set(name, { name, namespace, labels: { [POD]: name }, ingress });
      const rejections = await this.attempt(this.#resources);
      if (options.mayReject !== true) throwRejected(rejections);
    }
    const proxy = await IstioProxy.start(
      { kind, name, namespace, labels, ip, annotations, envoy },
      this.#plane.port,
      (ended) => {
        this.#proxies.delete(ended);
        this.#sidecars.delete(name);
      },
    );
    this.#proxies.add(proxy);
    const rejections = await this.#plane.settle();
    if (options.mayReject !== true) throwRejected(rejections);
    await this.#warmed();
    return proxy;
  }

  /** Runs istioctl; `input` is its standard input. */
  istioctl(args: readonly string[], input = ''): Promise<Ended> {
    return runProgram(this.#programs.istioctl, args, input);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#proxies].map((proxy) => proxy.stop()));
    await this.#plane.stop();
  }

  async #warmed(): Promise<void> {
    await Promise.all([...this.#proxies].map((proxy) => proxy.warmed()));
  }
}

function throwRejected(rejections: readonly Rejection[]): void {
  if (rejections.length === 0) return;
  const lines = rejections.map(({ proxy, type, message }) => `${proxy}: ${type}: ${message}`);
  throw new Error(`Envoy rejects what Istio made of the resources:\n${lines.join('\n')}`);
}

/** Runs a program to its end. */
export function runProgram(path: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => {}); // it need not read all
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input);
  });
}
