// difference-text: what differs between two policies, for a reader. Pure.

import type { Difference, DifferenceClass } from './difference.js';
import type { Paint } from './text.js';

/** Changes that are told of one class: a tag may lead to another version of every service. */
const CHANGES_MAX = 8;

/** Ends with a line feed. */
export function differenceText({ requests, classes }: Difference, paint: Paint): string {
  if (classes.length === 0) return `no difference in ${requests} requests\n`;
  const places = [...new Set(classes.map(placeOf))];
  const lines = places.flatMap((place) => [
    paint('cyan', place),
    ...classes.filter((one) => placeOf(one) === place).flatMap((one) => classLines(one, paint)),
  ]);
  const kinds = classes.length === 1 ? 'one difference' : `${classes.length} differences`;
  return `${lines.join('\n')}\n${kinds} in ${requests} requests\n`;
}

/** One line: `12 of 1000 identities, share of rule x-tag/ten-percent: x-tag: stable -> canary`. */
export function classLine({ count, of, unit, group, changes }: DifferenceClass): string {
  const told = changes.slice(0, CHANGES_MAX).join('; ');
  const more = changes.length > CHANGES_MAX ? `; and ${changes.length - CHANGES_MAX} more` : '';
  return `${count} of ${of} ${unit}, ${group}: ${told}${more}`;
}

/** `gateway of istio-ingress (istio=ingressgateway)`. */
export function placeOf({ at, namespace, labels }: DifferenceClass): string {
  const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return `${at} of ${namespace}${selector.length === 0 ? '' : ` (${selector.join(',')})`}`;
}

function classLines(one: DifferenceClass, paint: Paint): string[] {
  const { count, of, unit, group, changes, example } = one;
  const times = example.times === 1 ? '' : `${example.times} times `;
  return [
    `  ${paint('bold', `${count} of ${of} ${unit}`)}, ${group}`,
    ...changes.slice(0, CHANGES_MAX).map((change) => `    ${paint('yellow', change)}`),
    ...(changes.length > CHANGES_MAX ? [`    and ${changes.length - CHANGES_MAX} more`] : []),
    `    ${paint('dim', `as ${times}${example.request}`)}`,
  ];
}
