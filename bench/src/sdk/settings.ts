// settings: how much of the SDK is measured, and on which Nodes.

import { createRequire } from 'node:module';
import { type NodeBinary, nodeBinaries } from '../../../test/harness/nodes.js';
import { CARRIES, type Carry, CLIENTS, type Client } from './variants.js';

export interface SdkOptions {
  /** Paired rounds of each case, of calls and of starts. Default 15; quick 3. */
  readonly rounds?: number;
  /** Measured in each round. Default 8,000; quick 800. */
  readonly calls?: number;
  /** Calls before those. Default 4,000; quick 400. */
  readonly warm?: number;
  /** Requests under way at once. Default 16. */
  readonly concurrency?: number;
  /** Major versions. Default 20 and 24; quick: that of the Node that runs us. */
  readonly nodes?: readonly number[];
  /** Default: all; quick: http and fetch. */
  readonly clients?: readonly Client[];
  /** Default: both; quick: headers. */
  readonly carries?: readonly Carry[];
  /** To see that it works: about 20 s. */
  readonly quick?: boolean;
  /** Ends the measurement and its processes; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Options with their defaults, and Nodes that are there. */
export interface SdkSettings extends Required<Omit<SdkOptions, 'nodes' | 'quick' | 'signal'>> {
  readonly nodes: readonly NodeBinary[];
  readonly signal: AbortSignal | undefined;
}

const OWN: NodeBinary = {
  version: process.versions.node,
  major: Number.parseInt(process.versions.node, 10),
  path: process.execPath,
};

const FULL = {
  rounds: 15,
  calls: 8_000,
  warm: 4_000,
  concurrency: 16,
  nodes: [20, 24],
  clients: CLIENTS,
  carries: CARRIES,
} as const;

const QUICK = {
  ...FULL,
  rounds: 3,
  calls: 800,
  warm: 400,
  nodes: [OWN.major],
  clients: ['http', 'fetch'],
  carries: ['headers'],
} as const;

/**
 * Fetches the Nodes that are wanted and not there, by npm, once.
 * @throws RangeError an option is none
 */
export async function settingsOf({ quick, signal, ...given }: SdkOptions): Promise<SdkSettings> {
  const { nodes, ...settings } = { ...(quick ? QUICK : FULL), ...given };
  for (const name of ['rounds', 'calls', 'warm', 'concurrency'] as const) {
    const value = settings[name];
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name}: ${value}: want a whole number from 1`);
    }
  }
  const known = nodes.every((major) => major === OWN.major) ? [OWN] : await nodeBinaries();
  return { ...settings, nodes: nodes.map((major) => nodeOf(known, major)), signal };
}

function nodeOf(known: readonly NodeBinary[], major: number): NodeBinary {
  const found = known.find((node) => node.major === major);
  if (found !== undefined) return found;
  const majors = known.map((node) => node.major).join(', ');
  throw new RangeError(`nodes: ${major}: want one of ${majors}`);
}

/** Of what is measured, for the record: package or Node → version. */
export function sdkVersions({ nodes }: SdkSettings): Record<string, string> {
  const load = createRequire(import.meta.url);
  const packages = [
    '@grpc/grpc-js',
    '@opentelemetry/instrumentation-grpc',
    '@opentelemetry/instrumentation-http',
    '@opentelemetry/instrumentation-undici',
    'hpropagate',
    'undici',
  ];
  return Object.fromEntries([
    ...nodes.map(({ major, version }) => [`Node ${major}`, version]),
    ...packages.map((name) => [name, load(`${name}/package.json`).version]),
  ]);
}
