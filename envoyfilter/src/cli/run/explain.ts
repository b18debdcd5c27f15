// explain: the command `tagalong explain`: reads policy and requests, has them explained, tells.

import { isIP } from 'node:net';
import { readRequest } from '../../explain/curl.js';
import { Explainer } from '../../explain/explainer.js';
import type { Explanation } from '../../explain/explanation.js';
import { repetitionOf, repetitionText } from '../../explain/repeat.js';
import { RequestSyntaxError, type SentRequest, tooLarge } from '../../explain/sent-request.js';
import { ShellWordsError, shellLines } from '../../explain/shell-words.js';
import { EntryRefusedError } from '../../explain/simulator.js';
import { explanationText, type Paint } from '../../explain/text.js';
import { readForwards, readTree, type TreeSpec } from '../../explain/tree.js';
import { treeText } from '../../explain/tree-text.js';
import { walkTree } from '../../explain/walk.js';
import type { Direction, Labels, Policy } from '../../policy/policy.js';
import { DONE, InputError, UsageError } from '../exit.js';
import { policiesOf } from '../policies.js';
import { requestsOf } from '../requests.js';
import { paint, type Terminal } from '../terminal.js';

export interface ExplainOptions {
  readonly file: readonly string[];
  readonly at?: Direction | 'sidecar';
  readonly header?: readonly string[];
  readonly clientIp?: string;
  readonly requests?: string;
  readonly repeat?: number;
  /** Milliseconds between repeated requests. */
  readonly every?: number;
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly tree?: string;
  readonly forwards?: readonly string[];
  readonly format: 'text' | 'json';
}

/** @param line `POST /login`, a path, a URL, or a command of curl */
export async function runExplain(
  line: string | undefined,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<number> {
  const policies = await policiesOf(terminal, options.file);
  const sent = await sentRequests(line, options, terminal);
  const at = options.at ?? defaultPlace(policies);
  checkAlone(sent, options);
  for (const request of sent) {
    const note = tooLarge(request);
    if (note !== undefined) terminal.err(`note: ${request.source ?? request.path}: ${note}\n`);
  }
  const write = (value: object, text: (style: Paint) => string) => {
    const plain = options.format === 'json';
    terminal.out(
      plain
        ? `${JSON.stringify(value, null, 2)}\n`
        : text((style, words) => paint(terminal.colour.out, style, words)),
    );
  };
  try {
    if (options.tree !== undefined) {
      const spec = treeSpec(options.tree, options.forwards ?? []);
      const [request] = sent;
      if (request === undefined) return DONE;
      const walk = await walkTree(policies, spec, withClient(request, options));
      write(walk, (style) => treeText(walk, style));
      return DONE;
    }
    const { namespace, labels } = options;
    const explainer = await Explainer.of(policies, {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
    });
    for (const other of workloadsAt(explainer, at)) terminal.err(`${other}\n`);
    const everyMs = options.every ?? 0;
    if (options.repeat !== undefined) {
      const [request] = sent;
      if (request === undefined) return DONE;
      const explanations = Array.from({ length: options.repeat }, (_, turn) =>
        explainer.explain({ ...withClient(request, options), at, nowMs: turn * everyMs }),
      );
      const repetition = repetitionOf(explanations, everyMs);
      write(repetition, (style) => repetitionText(repetition, style));
      return DONE;
    }
    const explanationOf = (request: SentRequest, turn: number) => {
      const nowMs = options.every === undefined ? (request.atMs ?? 0) : turn * everyMs;
      const asked = { ...withClient(request, options), at };
      return explainer.explain({ ...asked, nowMs: Math.max(nowMs, explainer.nowMs) });
    };
    const [only] = sent;
    if (options.requests === undefined && only !== undefined) {
      const explanation = explanationOf(only, 0);
      write(explanation, (style) => explanationText(explanation, style));
      return DONE;
    }
    // One by one: those of a large file are more than a string holds.
    for (const [turn, request] of sent.entries()) {
      const explanation = explanationOf(request, turn);
      const isLast = turn === sent.length - 1;
      terminal.out(
        options.format === 'json'
          ? itemOfList(explanation, turn === 0, isLast)
          : `${paint(terminal.colour.out, 'dim', request.source ?? '')}\n` +
              explanationText(explanation, (style, words) =>
                paint(terminal.colour.out, style, words),
              ) +
              (isLast ? '' : '\n'),
      );
    }
    return DONE;
  } catch (error) {
    if (!(error instanceof EntryRefusedError)) throw error;
    throw new InputError(`the filter refuses ${error.entry}: ${error.message}`);
  }
}

/** What is told of one request only. */
function checkAlone(sent: readonly SentRequest[], { tree, repeat }: ExplainOptions): void {
  if (tree !== undefined && repeat !== undefined) {
    throw new UsageError('found --tree and --repeat, wanted one of them');
  }
  const option = tree === undefined ? '--repeat' : '--tree';
  if ((tree !== undefined || repeat !== undefined) && sent.length > 1) {
    throw new UsageError(`${option}: found ${sent.length} requests, wanted one`);
  }
}

async function sentRequests(
  line: string | undefined,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<SentRequest[]> {
  if (line !== undefined && options.requests !== undefined) {
    throw new UsageError('found a request and --requests, wanted one of them');
  }
  if (options.requests !== undefined) return requestsOf(terminal, options.requests);
  if (line === undefined) {
    throw new UsageError("found no request, wanted one such as 'POST /login', or --requests FILE");
  }
  try {
    const words = /^\s*curl\s/.test(line) ? commandWords(line) : line.trim().split(/\s+/);
    const headers = (options.header ?? []).flatMap((text) => ['-H', text]);
    return [readRequest([...words, ...headers])];
  } catch (error) {
    if (!(error instanceof RequestSyntaxError || error instanceof ShellWordsError)) throw error;
    throw new UsageError(error.message);
  }
}

function commandWords(text: string): readonly string[] {
  const [command, ...others] = shellLines(text);
  if (others.length > 0) {
    throw new UsageError(`found ${1 + others.length} commands, wanted one, or --requests FILE`);
  }
  return command?.words ?? [];
}

function withClient(request: SentRequest, { clientIp }: ExplainOptions) {
  if (clientIp === undefined) return request;
  if (isIP(clientIp) === 0) {
    throw new UsageError(`--client-ip: found ${clientIp}, wanted an address of IPv4 or IPv6`);
  }
  return { ...request, sourceAddress: clientIp };
}

/** Where requests come in: the first entry's place. */
function defaultPlace(policies: readonly Policy[]): Direction | 'sidecar' {
  return policies.flatMap(({ spec }) => spec.filters)[0]?.at ?? 'gateway';
}

/** What to say where the entries of one place belong to different workloads. */
function workloadsAt(explainer: Explainer, at: Direction | 'sidecar'): string[] {
  const entries = explainer.entriesAt(at === 'sidecar' ? 'inbound' : at);
  const workloads = entries.map(({ namespace, selector }) => {
    const labels = Object.entries(selector).map(([name, value]) => `${name}=${value}`);
    return `${namespace} ${labels.join(',') || '(all)'}`;
  });
  const different = [...new Set(workloads)];
  if (different.length < 2) return [];
  return [
    `note: entries of ${different.length} kinds of workloads are run one behind the other ` +
      `(${different.slice(0, 3).join('; ')}); choose one with --namespace and --labels`,
  ];
}

function treeSpec(tree: string, forwards: readonly string[]): TreeSpec {
  try {
    const spec = readTree(tree);
    return { ...spec, forwards: readForwards(forwards, spec.services) };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** A part of what JSON.stringify makes of the whole list. */
function itemOfList(item: Explanation, isFirst: boolean, isLast: boolean): string {
  const text = JSON.stringify(item, null, 2).replace(/^/gm, '  ');
  return `${isFirst ? '[\n' : ''}${text}${isLast ? '\n]\n' : ',\n'}`;
}
