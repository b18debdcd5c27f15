// up: a local Envoy with a policy in front of the user's services, until Ctrl-C.
// A line on stdout for each request; everything else on stderr.

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EnvoyFailed, EnvoyNotFound, findEnvoy, reportProgress } from '../../envoy/index.js';
import { releaseModule } from '../../host/module.js';
import { wasmModule } from '../../render/module.js';
import { RenderError } from '../../render/options.js';
import { EndpointError, type Endpoints, endpointsOf, versionAt } from '../../up/endpoints.js';
import { notFree, unreachable } from '../../up/reach.js';
import { describeRequest, type RequestLine, readRequestLine } from '../../up/request-line.js';
import { Session } from '../../up/session.js';
import { HOST } from '../../up/setup.js';
import { watchFiles } from '../../up/watch.js';
import { DONE, FINDINGS, InputError, UsageError } from '../exit.js';
import { policiesOf } from '../policies.js';
import { paint, type Terminal } from '../terminal.js';

export interface UpOptions {
  readonly file: readonly string[];
  readonly version: readonly string[];
  readonly port: number;
  readonly adminPort: number;
  readonly watch?: boolean;
  readonly explain?: boolean;
  readonly format: 'text' | 'json';
}

const EXPLAINED = /tagalong explain (.*)$/;
/** What the filter, or Envoy, has to complain of. */
const COMPLAINT = /\[(?:error|critical)\]|\[warning\]\[config\]/;

/** @returns the exit code, when the user ends it or Envoy ends by itself */
export async function runUp(options: UpOptions, terminal: Terminal): Promise<number> {
  const { signal } = terminal;
  if (options.watch && options.file.includes('-')) {
    throw new UsageError('--watch: found "-" among the files, wanted files: stdin ends once');
  }
  const policies = await policiesOf(terminal, options.file);
  let endpoints = endpointsFrom(policies, options.version);
  await checkPort(options.port);
  await tellUnreachable(endpoints, terminal);
  const envoy = await findEnvoy({
    env: terminal.env,
    signal,
    progress: reportProgress({ isTTY: terminal.colour.err, write: terminal.err }),
  }).catch((error: unknown) => {
    throw error instanceof EnvoyNotFound ? new InputError(error.message) : error;
  });
  const session = await Session.start(policies, endpoints, {
    envoy,
    module: wasmModule(releaseModule()),
    port: options.port,
    adminPort: options.adminPort,
    explain: options.explain === true,
    onLine: (line) => tellLine(line, endpoints, options.format, terminal),
    signal,
  }).catch((error: unknown) => {
    throw inputErrorOf(error);
  });
  try {
    await tellReady(session, terminal);
    const reload = async () => {
      const changed = await policiesOf(terminal, options.file);
      endpoints = endpointsFrom(changed, options.version);
      const change = await session.change(changed, endpoints);
      if (change === 'filters') terminal.err('Reloaded: the filters are replaced.\n');
      if (change === 'restart') {
        terminal.err('Reloaded: routes or listeners have changed, Envoy is started again.\n');
        await tellReady(session, terminal);
      }
    };
    if (options.watch) await keepReloading(options.file, reload, terminal);
    await Promise.race([session.ended, aborted(signal)]);
    if (signal.aborted) return DONE;
    terminal.err(`${paint(terminal.colour.err, 'red', 'error')}: Envoy has ended.\n`);
    return FINDINGS;
  } finally {
    await session.stop();
  }
}

function endpointsFrom(
  policies: Awaited<ReturnType<typeof policiesOf>>,
  given: readonly string[],
): Endpoints {
  try {
    return endpointsOf(policies, given);
  } catch (error) {
    throw error instanceof EndpointError ? new UsageError(error.message) : error;
  }
}

async function checkPort(port: number): Promise<void> {
  const reason = await notFree(HOST, port);
  if (reason === undefined) return;
  throw new InputError(
    `Port ${port} of ${HOST} ${reason}: another with --port, or any that is free with --port 0.`,
  );
}

async function tellUnreachable(endpoints: Endpoints, terminal: Terminal): Promise<void> {
  const reasons = await Promise.all(
    Object.entries(endpoints).map(async ([name, address]) => {
      return { name, address, reason: await unreachable(address) };
    }),
  );
  for (const { name, address, reason } of reasons) {
    if (reason === undefined) continue;
    const warning = paint(terminal.colour.err, 'yellow', 'warning');
    terminal.err(
      `${warning}: ${name} at ${address}: ${reason}. Until it is up its requests are answered 503, ` +
        'or by its fallback.\n',
    );
  }
}

async function tellReady(session: Session, terminal: Terminal): Promise<void> {
  for (const note of session.notes) terminal.err(`note: ${note}\n`);
  for (const [listener, url] of await session.urls()) {
    terminal.err(`${paint(terminal.colour.err, 'green', 'ready')}  ${url}  ${listener}\n`);
  }
  terminal.err(`       ${session.admin}/  Envoy's admin interface. Ctrl-C ends.\n`);
}

function tellLine(
  line: string,
  endpoints: Endpoints,
  format: UpOptions['format'],
  terminal: Terminal,
): void {
  const request = readRequestLine(line);
  const explained = EXPLAINED.exec(line)?.[1];
  if (request !== undefined) tellRequest(request, endpoints, format, terminal);
  else if (explained === undefined) {
    if (COMPLAINT.test(line)) terminal.err(`${line}\n`);
  } else if (format === 'text') terminal.out(`     ${explained}\n`);
  else terminal.out(`${JSON.stringify({ explained })}\n`);
}

function tellRequest(
  request: RequestLine,
  endpoints: Endpoints,
  format: UpOptions['format'],
  terminal: Terminal,
): void {
  if (format === 'json') {
    const { upstream } = request;
    const version = upstream === '-' ? undefined : versionAt(endpoints, upstream);
    terminal.out(`${JSON.stringify({ ...request, version })}\n`);
    return;
  }
  const text = describeRequest(request, endpoints);
  terminal.out(`${paint(terminal.colour.out, styleOf(request), text)}\n`);
}

function styleOf({ status }: RequestLine): 'red' | 'yellow' | 'green' {
  if (status >= 500 || status === 0) return 'red';
  return status >= 400 ? 'yellow' : 'green';
}

async function keepReloading(
  names: readonly string[],
  reload: () => Promise<void>,
  terminal: Terminal,
): Promise<void> {
  const files = await Promise.all(
    names.map(async (name) => {
      const path = resolve(terminal.cwd, name);
      return { path, isFolder: (await stat(path)).isDirectory() };
    }),
  );
  let last = Promise.resolve();
  const changed = () => {
    last = last.then(reload).catch((error: unknown) => {
      if (terminal.signal.aborted) return;
      // What is in force stays, and the next save may mend it.
      terminal.err(`Not reloaded: ${error instanceof Error ? error.message : String(error)}\n`);
    });
  };
  watchFiles(files, changed, terminal.signal);
}

function inputErrorOf(error: unknown): unknown {
  if (error instanceof RenderError) return new InputError(error.message);
  if (!(error instanceof EnvoyFailed)) return error;
  const taken = error.logs.find((line) => /Address already in use/.test(line));
  const what = taken === undefined ? error.message : `A port is taken: ${taken}`;
  return new InputError(what);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
