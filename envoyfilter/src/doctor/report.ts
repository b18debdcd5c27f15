// report: a doctor's report as text for people. Pure.

import { count } from './diagnosis.js';
import type { Report } from './doctor.js';

/** Colours a text, or leaves it as it is. */
export type Paint = (style: 'red' | 'yellow' | 'green' | 'bold' | 'dim', text: string) => string;

/** @param url of the admin interface that was asked */
export function reportText(
  { proxy, filters, findings }: Report,
  url: string,
  paint: Paint,
): string {
  const node = proxy.node === '' ? '' : `, node ${proxy.node}`;
  const lines = [paint('bold', `Envoy ${proxy.envoy} at ${url}: ${proxy.state}${node}`), ''];
  for (const { id, direction, mode, module, listeners } of filters) {
    const at = direction === '' ? '' : ` (${direction})`;
    const version = module === undefined ? 'module unknown' : `module ${module.slice(0, 12)}`;
    lines.push(`  ${id}${at}  ${mode}, ${version}, in ${listeners.join(', ')}`);
  }
  if (filters.length > 0) lines.push('');
  for (const { level, check, what, remedy } of findings) {
    const mark = level === 'problem' ? paint('red', 'problem') : paint('yellow', 'note   ');
    lines.push(`${mark}  ${what} ${paint('dim', `[${check}]`)}`);
    if (remedy !== undefined) lines.push(`         ${paint('dim', '→')} ${remedy}`);
  }
  if (findings.length > 0) lines.push('');
  const problems = findings.filter(({ level }) => level === 'problem').length;
  lines.push(
    problems === 0
      ? paint('green', 'The filter is at work: no problem found.')
      : paint('red', `${count(problems, 'problem')} found.`),
  );
  return `${lines.join('\n')}\n`;
}
