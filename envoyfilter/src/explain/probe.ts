// probe: which of an entry's conditions are true of a request, asked of the filter one by one.
// The filter says of a rule that it does not match, not why. So a second configuration holds each
// leaf of each condition as a dry-run rule, and is shown the same request: what is told as a reason
// is what the filter itself found, not what a second matcher would.

import { HeaderMap } from '../host/index.js';
import type { FilterEntry } from '../policy/policy.js';
import type { Sections, When } from '../policy/sections.js';
import { leavesOf, type Truth, treeOf } from './condition.js';
import { sectionsOf } from './sections.js';
import { EntryRefusedError, Simulator } from './simulator.js';

const PROBE_TAG = 'x-tagalong-probe';
/** Each is a rule, and each rule a counter, of which a VM has 4096. */
const LEAVES_MAX = 3000;
/** The filter's bound on tags. */
const TAGS_MAX = 16;

export class Probe {
  readonly #entry: FilterEntry;
  readonly #simulator: Simulator;
  readonly #leaves: readonly string[];

  private constructor(entry: FilterEntry, leaves: readonly string[], simulator: Simulator) {
    this.#entry = entry;
    this.#leaves = leaves;
    this.#simulator = simulator;
  }

  /** Undefined where the entry has too many conditions to be asked about. */
  static of(entry: FilterEntry, module: Uint8Array): Probe | undefined {
    const sections = sectionsOf(entry);
    const leaves = [...new Set(conditionsOf(sections).flatMap(askable).map(keyOf))];
    const tags = sections.tags ?? [];
    if (leaves.length > LEAVES_MAX || tags.length >= TAGS_MAX) return undefined;
    const rules = leaves.map((leaf, at) => ({
      name: `leaf ${at}`,
      when: JSON.parse(leaf),
      value: 'true',
      dryRun: true,
    }));
    const { client, paths } = sections;
    const id = `${entry.id.slice(0, entry.id.lastIndexOf('/'))}/probe`;
    const configuration = {
      id,
      direction: entry.direction,
      ...(client === undefined ? {} : { client }),
      ...(paths === undefined ? {} : { paths }),
      // What is stripped is gone before conditions are evaluated, here too.
      tags: [
        ...tags.map(({ header, incoming, carry }) => ({
          header,
          ...(incoming === undefined ? {} : { incoming }),
          ...(carry === undefined ? {} : { carry }),
        })),
        { header: PROBE_TAG, rules },
      ],
    };
    const probing = { id, direction: entry.direction, configuration };
    return new Probe(probing, leaves, new Simulator(module, (bytes) => bytes.fill(1)));
  }

  /** The truth of every leaf but those that ask for a tag. */
  ask(request: HeaderMap, sourceAddress: string): Truth {
    const held = new Map<string, boolean>();
    try {
      const passage = this.#simulator.pass(this.#entry, request, sourceAddress);
      passage.respond(HeaderMap.fromResponse([]));
      for (const line of passage.lines) {
        if (line.kind !== 'rule' || line.tag !== PROBE_TAG) continue;
        const leaf = this.#leaves[Number(line.rule.slice('leaf '.length))];
        if (leaf !== undefined) held.set(leaf, line.verdict === 'would match (dry run)');
      }
    } catch (error) {
      // Too large a configuration, in all: then no reason is known.
      if (!(error instanceof EntryRefusedError)) throw error;
    }
    return (when) => held.get(keyOf(when));
  }
}

function conditionsOf({ tags = [], limits = [] }: Sections): When[] {
  const rules = tags.flatMap((tag) => tag.rules ?? []);
  return [...rules, ...limits].flatMap(({ when }) => when ?? []);
}

/** Tags are decided in the real pass: their leaves are not asked here. */
function askable(when: When): When[] {
  return leavesOf(treeOf(when)).filter(({ tag }) => tag === undefined);
}

function keyOf(leaf: When): string {
  return JSON.stringify(leaf);
}
