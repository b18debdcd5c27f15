// line-diff: where two texts differ, as lines for people: one hunk from the first to the last
// difference. Not minimal: it says that a file is out of date, and what is new in it.

const CONTEXT_LINES = 3;
const HUNK_LINES = 40;
/** A line may hold the module. */
const LINE_CHARS = 160;

/** A unified diff of one hunk, cut where it is long. Empty where the texts are equal. */
export function lineDiff(path: string, before: string, after: string): string {
  if (before === after) return '';
  const old = before.split('\n');
  const now = after.split('\n');
  const most = Math.min(old.length, now.length);
  let head = 0;
  while (head < most && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;

  const from = Math.max(0, head - CONTEXT_LINES);
  const removed = old.slice(head, old.length - tail);
  const added = now.slice(head, now.length - tail);
  const behind = now.slice(now.length - tail, now.length - tail + CONTEXT_LINES);
  const around = head - from + behind.length;
  const lines = [
    `--- ${path} (there)`,
    `+++ ${path} (rendered)`,
    `@@ -${from + 1},${removed.length + around} +${from + 1},${added.length + around} @@`,
    ...now.slice(from, head).map((line) => ` ${cut(line)}`),
    ...cutList(removed, added).map((line) => `-${line}`),
    ...cutList(added, removed).map((line) => `+${line}`),
    ...behind.map((line) => ` ${cut(line)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function cutList(lines: readonly string[], others: readonly string[]): string[] {
  const shown = lines.slice(0, HUNK_LINES).map((line, at) => cut(line, others[at]));
  return lines.length > HUNK_LINES ? [...shown, `… ${lines.length - HUNK_LINES} more`] : shown;
}

/** From shortly before the first difference to `other` on, where the beginning would not show it. */
function cut(line: string, other = ''): string {
  if (line.length <= LINE_CHARS) return line;
  let same = 0;
  while (same < line.length && line[same] === other[same]) same++;
  const from = same < LINE_CHARS / 2 ? 0 : same - LINE_CHARS / 4;
  const part = line.slice(from, from + LINE_CHARS);
  return `${from > 0 ? '…' : ''}${part}${from + LINE_CHARS < line.length ? '…' : ''}`;
}
