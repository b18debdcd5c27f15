// tree-text: a walk through services for a reader. Pure.

import type { Paint } from './text.js';
import type { Hop, Walk } from './walk.js';

/** Ends with a line feed. */
export function treeText({ services, forwards, hops, without }: Walk, paint: Paint): string {
  const gives = services
    .slice(0, -1)
    .map((name) => `${name} forwards ${forwards[name]?.join(', ') || 'nothing'}`);
  const parts = [
    `${paint('bold', services.join(' > '))}${gives.length === 0 ? '' : `: ${gives.join('; ')}`}`,
    ...(without === undefined ? [] : [paint('cyan', 'with propagate')]),
    ...hopLines(hops, paint),
    ...(without === undefined
      ? []
      : [paint('cyan', 'without propagate'), ...hopLines(without, paint)]),
  ];
  return `${parts.join('\n')}\n`;
}

function hopLines(hops: readonly Hop[], paint: Paint): string[] {
  const width = Math.max(...hops.map(({ where }) => where.length));
  // A tag that nobody sets on the way is no part of the story.
  const met = new Set(
    hops.flatMap(({ tags }) => tags.flatMap(({ tag, value }) => (value === null ? [] : [tag]))),
  );
  return hops.flatMap(({ where, tags, to }) => {
    const version = to?.version === undefined ? '' : ` ${paint('bold', to.version)}`;
    const target = to === undefined ? '' : ` -> ${to.host}${version}`;
    const told = tags.filter(({ tag }) => met.has(tag));
    return (told.length === 0 ? [undefined] : told).map((tag, at) => {
      const place = (at === 0 ? where : '').padEnd(width);
      const end = at === 0 ? target : '';
      if (tag === undefined) return `  ${place}${end}`.trimEnd();
      const text = `${tag.tag} ${tag.value ?? '-'} (${tag.note})`;
      return `  ${place}  ${noteStyle(tag.note, text, paint)}${end}`;
    });
  });
}

function noteStyle(note: string, text: string, paint: Paint): string {
  if (note.startsWith('lost')) return paint('red', text);
  return note.startsWith('restored') ? paint('green', text) : text;
}
