// render: reads policies and the module, renders, and writes, prints or compares the outcome.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { releaseModule } from '../../host/module.js';
import { PolicyError } from '../../policy/policy.js';
import { wasmModule } from '../../render/module.js';
import { RenderError, type WasmModule } from '../../render/options.js';
import { type As, checkPart, IN_PARTS, render, targetOf } from '../../render/render.js';
import type { Rendered, RenderedFile } from '../../render/resource.js';
import type { Target } from '../../render/target.js';
import { DONE, FINDINGS, InputError, UsageError } from '../exit.js';
import { compareFolder, writeFolder } from '../folder.js';
import { policiesOf } from '../policies.js';
import { paint, type Terminal } from '../terminal.js';

export interface RenderArguments {
  readonly files: readonly string[];
  readonly file?: readonly string[];
  readonly as: As;
  readonly istio?: string;
  readonly envoy?: string;
  readonly only?: 'routes' | 'filters';
  readonly out?: string;
  readonly check?: boolean;
  readonly module?: string;
  readonly format: 'text' | 'json';
}

/** @throws UsageError, InputError */
export async function run(args: RenderArguments, terminal: Terminal): Promise<number> {
  const names = [...args.files, ...(args.file ?? [])];
  if (names.length === 0) throw new UsageError('found no policy, wanted FILE or --file FILE');
  if (args.check && args.out === undefined) {
    throw new UsageError('found --check without --out, wanted the folder to compare with');
  }
  if (args.out === '') throw new UsageError('found an empty --out, wanted a folder');
  const rendered = await renderAll(args, names, terminal);
  const title = paint(terminal.colour.err, 'cyan', 'note');
  for (const note of rendered.notes) terminal.err(`${title}: ${note}\n`);
  if (args.out === undefined) {
    print(rendered, args.format, terminal);
    return DONE;
  }
  const folder = resolve(terminal.cwd, args.out);
  return args.check
    ? check(rendered.files, folder, args, terminal)
    : write(rendered.files, folder, args, terminal);
}

async function renderAll(
  { as, istio, envoy, only, out, module }: RenderArguments,
  names: readonly string[],
  terminal: Terminal,
): Promise<Rendered> {
  try {
    const target = targetFor(as, istio, envoy, only);
    const code = await moduleAt(module, terminal);
    // What the filter refuses would be in no proxy, and clients' tags would pass. A module of the
    // user's own says what it takes where it runs.
    const policies = await policiesOf(terminal, names, module ? {} : { module: code.bytes });
    return await render(as, policies, {
      target,
      module: code,
      to: out === undefined ? 'stream' : 'folder',
      ...(only && { only }),
    });
  } catch (error) {
    if (error instanceof RenderError || error instanceof PolicyError) {
      throw new InputError(error.message);
    }
    throw error;
  }
}

/** Versions and parts are the command line's, not the policy's. */
function targetFor(as: As, istio?: string, envoy?: string, only?: string): Target {
  try {
    checkPart(as, only);
    return targetOf(as, istio, envoy);
  } catch (error) {
    throw error instanceof RenderError ? new UsageError(error.message) : error;
  }
}

async function moduleAt(path: string | undefined, { cwd }: Terminal): Promise<WasmModule> {
  const remedy =
    path === undefined
      ? 'install @tagalong/filter (in a clone: npm run build), or name the module with --module'
      : 'a file that can be read';
  try {
    return wasmModule(path === undefined ? releaseModule() : await readFile(resolve(cwd, path)));
  } catch (error) {
    const name = path === undefined ? '@tagalong/filter/tagalong.wasm' : `--module ${path}`;
    throw new InputError(
      `found no module at ${name} (${(error as Error).message}), wanted: ${remedy}`,
    );
  }
}

/** Data for a pipe: every file after a line with its path, or all of them as JSON. */
function print({ files, notes }: Rendered, format: 'text' | 'json', terminal: Terminal): void {
  const binary = files.find(({ content }) => typeof content !== 'string');
  if (binary !== undefined) {
    throw new UsageError(`found ${binary.path}, which is no text, wanted --out DIR to write it to`);
  }
  if (format === 'json') {
    terminal.out(`${JSON.stringify({ files, notes }, null, 2)}\n`);
    return;
  }
  const several = files.length > 1;
  for (const { path, content } of files) {
    terminal.out(several ? headed(path, String(content)) : String(content));
  }
}

/** What must not be applied as it is, as a comment: `kubectl apply -f -` reads all the rest. */
function headed(path: string, content: string): string {
  const text = path.includes('/') ? content.replace(/^(?=.)/gm, '# ') : content;
  return `# ${path}\n${text}${text.endsWith('\n') ? '' : '\n'}`;
}

/** What is in the folder of an earlier run is to be applied no more. Not where this is a part only. */
function isWhole({ as, only }: RenderArguments): boolean {
  return IN_PARTS.includes(as) && only === undefined;
}

async function check(
  files: readonly RenderedFile[],
  folder: string,
  args: RenderArguments,
  terminal: Terminal,
): Promise<number> {
  const { out, format } = args;
  const differences = await compareFolder(folder, files, isWhole(args));
  if (format === 'json') terminal.out(`${JSON.stringify({ differences }, null, 2)}\n`);
  else for (const { text } of differences) terminal.out(text);
  if (differences.length === 0) return DONE;
  terminal.err(
    `${differences.length} of ${files.length} files in ${out} differ: run it without --check\n`,
  );
  return FINDINGS;
}

async function write(
  files: readonly RenderedFile[],
  folder: string,
  args: RenderArguments,
  terminal: Terminal,
): Promise<number> {
  const { out, format } = args;
  const { written, stale } = await writeFolder(folder, files, isWhole(args));
  if (format === 'json') terminal.out(`${JSON.stringify({ written, stale }, null, 2)}\n`);
  terminal.err(`${files.length} files in ${out}, ${written.length} of them new or changed\n`);
  for (const path of stale) {
    terminal.err(
      `note: ${path} is not rendered any more: kubectl delete -f ${out}/${path}, then delete it\n`,
    );
  }
  return DONE;
}
