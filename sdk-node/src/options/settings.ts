// settings: what this process was told, made ready for use. Read from the environment once, when
// first asked for; `configure` may come before that.

import { readFileSync } from 'node:fs';
import { TagalongError } from '../core/errors.js';
import type { Routes } from '../core/hop.js';
import { once } from '../core/state.js';
import { type Mesh, meshOf, searchesOf } from '../headers/mesh.js';
import { type Selection, select } from '../headers/selection.js';
import type { Mode } from '../trace/trace.js';
import {
  checked,
  EXPECT,
  type Expect,
  httpUrl,
  MODES,
  milliseconds,
  type Options,
  oneOf,
  proxyAddress,
  readEnvironment,
  type SidecarOptions,
} from './options.js';

export interface Settings {
  readonly enabled: boolean;
  readonly selection: Selection;
  readonly mesh: Mesh;
  readonly mode: Mode;
  readonly sidecar: Required<Omit<SidecarOptions, 'proxy'>> & {
    readonly proxy: string | undefined;
  };
  readonly routes: Routes;
}

interface Holder {
  /** What the variables say, read once. */
  environment: Options | undefined;
  value: Settings | undefined;
  /** Has anything been decided by them? */
  used: boolean;
  /** Who must know that they have changed. */
  readonly changed: Set<() => void>;
}

const holder = once<Holder>('settings', () => ({
  environment: undefined,
  value: undefined,
  used: false,
  changed: new Set(),
}));

const SIDECAR = {
  expect: 'auto' as Expect,
  probe: 'http://127.0.0.1:15021/healthz/ready',
  graceMs: 10_000,
  holdMs: 30_000,
  proxy: undefined as string | undefined,
};

/** The settings, which from now on stay as they are. */
export function settings(): Settings {
  holder.used = true;
  return holder.value ?? peekSettings();
}

/** The settings as they are so far. */
export function peekSettings(): Settings {
  holder.value ??= compile(environment());
  return holder.value;
}

/** Calls back whenever `configure` has changed the settings. */
export function onConfigured(callback: () => void): void {
  holder.changed.add(callback);
}

/**
 * Sets options; what is not named stays as the environment says. To be called before the first
 * request comes in or goes out. TAGALONG=off wins over `enabled`.
 * @throws TagalongError TAGALONG_CONFIG: an option is wrong, or it is too late
 */
export function configure(options: Options): void {
  if (holder.used) {
    throw new TagalongError(
      'TAGALONG_CONFIG',
      'configure() comes too late: a request was handled already. Call it at the start of the application, or use the TAGALONG_* variables.',
    );
  }
  const env = environment();
  try {
    const own = checked(options);
    holder.value = compile({
      ...env,
      ...own,
      sidecar: { ...sidecarOf(env), ...sidecarOf(own) },
      ...(env.enabled === false ? { enabled: false } : {}),
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TagalongError('TAGALONG_CONFIG', `configure(): ${error.message}`, { cause: error });
  }
  for (const callback of holder.changed) callback();
}

function sidecarOf({ sidecar }: Options): SidecarOptions {
  return typeof sidecar === 'string' ? { expect: sidecar } : (sidecar ?? {});
}

// A wrong variable must not keep an application from starting: what it says is left out, and told.
function environment(): Options {
  if (holder.environment !== undefined) return holder.environment;
  const { options, faults } = readEnvironment(process.env);
  const leaveOut = (variable: string, key: 'headers' | 'mesh', compiled: () => unknown) => {
    // Made again below: only what was said is tried by itself.
    if (options[key] === undefined) return;
    try {
      compiled();
    } catch (error) {
      faults.push({ variable, message: (error as Error).message });
      delete options[key];
    }
  };
  leaveOut('TAGALONG_HEADERS', 'headers', () => select(options.headers));
  leaveOut('TAGALONG_MESH', 'mesh', () => meshOf(options.mesh));
  for (const { variable, message } of faults) {
    process.emitWarning(`${variable} is left out: ${message}`, {
      type: 'TagalongWarning',
      code: 'TAGALONG_CONFIG',
    });
  }
  holder.environment = options;
  return options;
}

/** @throws RangeError */
function compile(options: Options): Settings {
  const { expect, probe, graceMs, holdMs, proxy } = { ...SIDECAR, ...sidecarOf(options) };
  return Object.freeze({
    enabled: options.enabled ?? true,
    selection: select(options.headers),
    mesh: meshOf(options.mesh, resolverSearches()),
    mode: named('mode', () => oneOf(...MODES)(options.mode ?? 'verbatim')),
    sidecar: Object.freeze({
      expect: named('sidecar', () => oneOf(...EXPECT)(expect)),
      probe: named('sidecar.probe', () => httpUrl(probe)),
      graceMs: named('sidecar.graceMs', () => milliseconds(graceMs)),
      holdMs: named('sidecar.holdMs', () => milliseconds(holdMs)),
      proxy: named('sidecar.proxy', () => (proxy === undefined ? proxy : proxyAddress(proxy))),
    }),
    routes: options.routes ?? {},
  });
}

/** @throws RangeError with the option's name */
function named<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) error.message = `${option}: ${error.message}`;
    throw error;
  }
}

function resolverSearches(): string[] {
  try {
    return searchesOf(readFileSync('/etc/resolv.conf', 'utf8'));
  } catch {
    // Not a Unix, or not readable: there are no suffixes then.
    return [];
  }
}
