// steps: what an entry said of a request, put beside the policy that it followed. Pure.
// Verdicts are the filter's own; reasons are put together here.

import type { FilterEntry } from '../policy/policy.js';
import type { TagRule, TagSpec } from '../policy/sections.js';
import { fromBytes } from './bytes.js';
import { quote, reasonOf } from './condition.js';
import type { BucketNote, PropagateStep, RuleStep, Step } from './explanation.js';
import { asShown, type Facts, type LineOf, leavesFor, linesOf, shownOf } from './facts.js';
import { limitStep } from './limit-steps.js';
import { headerValues, type Pairs, type Scene, sourceName, sourceValues } from './scene.js';
import { incomingOf, ruleName, saltOf, sectionsOf } from './sections.js';

export function stepsOf(facts: Facts): Step[] {
  const { mode, tags = [], limits = [] } = sectionsOf(facts.entry);
  if (mode === 'disabled') return [];
  const decided = new Map<string, string>();
  const found = facts.lines.some((line) => line.kind === 'propagate' && line.verdict === 'found');
  // All that came is kept or stripped before the first rule is tried.
  const incoming = tags.map((tag) => incomingStep(facts, tag, found, decided));
  const deciding = tags.map((tag) => tagSteps(facts, tag, decided));
  const after: Scene = { ...facts.scene, tags: decided };
  return [
    ...tags.flatMap((_, at) => [...(incoming[at] ?? []), ...(deciding[at] ?? [])]),
    ...limits.map((limit) => limitStep(facts, limit, after)),
    ...propagateSteps(facts),
  ];
}

/** What became of each tag, of an entry that explains nothing. */
export function resultsOf(entry: FilterEntry, after: Pairs): Step[] {
  const { mode, tags = [] } = sectionsOf(entry);
  if (mode === 'disabled') return [];
  return tags.map(({ header }) => {
    const [value] = headerValues({ headers: after }, header);
    const step = { step: 'result', tag: header } as const;
    return value === undefined ? step : { ...step, value: fromBytes(value) };
  });
}

/** Notes the tag where it is decided by what came. */
function incomingStep(
  facts: Facts,
  tag: TagSpec,
  found: boolean,
  decided: Map<string, string>,
): Step[] {
  const name = asShown(tag.header.toLowerCase());
  const line = linesOf(facts, 'incoming').find((one) => one.tag === name);
  if (line === undefined) return [];
  const result = linesOf(facts, 'result').find((one) => one.tag === name)?.value;
  const tried = facts.lines.some(
    (one) => (one.kind === 'rule' || one.kind === 'bucket') && one.tag === name,
  );
  const isDefault = result !== undefined && result === asShown(tag.default ?? '');
  // The filter has no word for it: nothing came, no rule was tried, and yet there is a value.
  const restored = found && line.verdict !== 'kept' && result !== undefined && !tried && !isDefault;
  const verdict = restored ? 'restored' : line.verdict;
  const value = restored ? result : line.value;
  if (value !== undefined && (restored || verdict === 'kept')) {
    decided.set(tag.header.toLowerCase(), value);
  }
  const reason = restored
    ? 'what came in with this request carried it'
    : incomingReason(facts.entry, tag, line.verdict);
  const step = { step: 'incoming', tag: tag.header, verdict, reason } as const;
  return [value === undefined ? step : { ...step, value: fromBytes(value) }];
}

function incomingReason(
  { direction }: FilterEntry,
  tag: TagSpec,
  verdict: LineOf<'incoming'>['verdict'],
): string {
  if (verdict === 'nothing came') return '';
  const incoming = incomingOf(tag, direction);
  const said = tag.incoming === undefined ? `the default of ${direction}` : 'incoming';
  if (typeof incoming === 'object') {
    const allowed = incoming.allow.join(', ');
    return verdict === 'kept' ? `one of ${allowed}` : `not one of ${allowed}, or not one value`;
  }
  if (incoming === 'trust' && verdict === 'stripped') return 'its values differ, or are empty';
  return `${said}: ${incoming}`;
}

/** The rules of one tag, its default and what it became; notes that. */
function tagSteps(facts: Facts, tag: TagSpec, decided: Map<string, string>): Step[] {
  const name = asShown(tag.header.toLowerCase());
  const result = linesOf(facts, 'result').find((line) => line.tag === name);
  if (result === undefined) return [];
  const scene: Scene = { ...facts.scene, tags: new Map(decided) };
  const rules = tag.rules ?? [];
  const steps: Step[] = rules.map((rule, at) =>
    ruleStep(facts, tag, rule, ruleName(rule, at), scene),
  );
  const matched = steps.some((step) => step.step === 'rule' && step.verdict === 'matched');
  const arrived = decided.has(tag.header.toLowerCase());
  if (tag.default !== undefined) {
    const verdict = matched || arrived ? 'not used' : 'used';
    steps.push({ step: 'default', tag: tag.header, value: tag.default, verdict });
  }
  const step = { step: 'result', tag: tag.header } as const;
  // The filter shows the beginning of it; the header has all, where it was written.
  const written = headerValues({ headers: facts.after }, tag.header);
  const whole = written.find((value) => shownOf(value) === result.value) ?? result.value;
  const value = whole && fromBytes(whole);
  steps.push(value === undefined ? step : { ...step, value });
  if (result.value === undefined) decided.delete(tag.header.toLowerCase());
  else decided.set(tag.header.toLowerCase(), result.value);
  return steps;
}

function ruleStep(facts: Facts, tag: TagSpec, rule: TagRule, name: string, scene: Scene): RuleStep {
  const step = {
    step: 'rule',
    tag: tag.header,
    rule: name,
    ...(rule.dryRun === true ? { dryRun: true as const } : {}),
  } as const;
  const isIts = (line: { tag: string; rule: string }) =>
    line.tag === asShown(tag.header.toLowerCase()) && line.rule === asShown(name);
  const said = linesOf(facts, 'rule').find(isIts)?.verdict;
  const shared = linesOf(facts, 'bucket').find(isIts);
  const leaves = leavesFor(facts, rule.when, scene);
  const conditions = leaves === undefined ? {} : { conditions: leaves };
  if (said === undefined && shared === undefined) {
    const reason = scene.tags.has(tag.header.toLowerCase())
      ? 'the tag that came stands'
      : 'a rule before it decided';
    return { ...step, verdict: 'not tried', reason };
  }
  const bucket = shared === undefined ? undefined : bucketNote(facts, tag, rule, shared, scene);
  const held = rule.when === undefined ? 'always' : reasonOf(leaves ?? []) || 'its condition holds';
  if (bucket !== undefined) {
    const because = rule.when === undefined ? '' : `${held}; `;
    const verdict =
      bucket.bucket >= bucket.below
        ? 'not in share'
        : rule.dryRun === true
          ? 'would match'
          : 'matched';
    return { ...step, verdict, reason: because + bucketText(bucket), ...conditions, bucket };
  }
  if (said === 'no identity') {
    const wanted = (rule.identity ?? []).map(sourceName).join(', ');
    return {
      ...step,
      verdict: said,
      reason: `${held}; none of ${wanted} has a value`,
      ...conditions,
    };
  }
  if (said === 'no value to copy') {
    const header = typeof rule.value === 'string' ? '' : rule.value.header;
    const reason = `${held}; header ${header} has no value, several, or one that no tag can have`;
    return { ...step, verdict: said, reason, ...conditions };
  }
  if (said === 'no match') {
    return {
      ...step,
      verdict: said,
      reason: reasonOf(leaves ?? []) || 'its condition does not hold',
      ...conditions,
    };
  }
  return {
    ...step,
    verdict: rule.dryRun === true ? 'would match' : 'matched',
    reason: held,
    ...conditions,
  };
}

function bucketNote(
  { entry, bucketOf }: Facts,
  tag: TagSpec,
  rule: TagRule,
  { bucket, below }: LineOf<'bucket'>,
  scene: Scene,
): BucketNote {
  const salt = saltOf(entry, tag, rule);
  const cookie = rule.mint?.cookie;
  const sources = [...(rule.identity ?? []), ...(cookie === undefined ? [] : [{ cookie }])];
  for (const source of sources) {
    for (const value of sourceValues(scene, source)) {
      if (bucketOf(salt, value, 'bytes') !== bucket) continue;
      return { salt, bucket, below, identity: fromBytes(value), from: sourceName(source) };
    }
  }
  const from = cookie === undefined ? 'not known' : `cookie ${cookie}, minted`;
  return { salt, bucket, below, from };
}

function bucketText({ salt, bucket, below, identity, from }: BucketNote): string {
  const whose = identity === undefined ? from : `${from} ${quote(identity)}`;
  return `bucket ${bucket} of ${whose} (salt ${salt}), taken below ${below}`;
}

function propagateSteps(facts: Facts): PropagateStep[] {
  return linesOf(facts, 'propagate').map(({ verdict, by }) => {
    const step = { step: 'propagate', verdict } as const;
    return by === undefined ? step : { ...step, by };
  });
}
