// nearest: the word that was probably meant.

/** @returns undefined where no word is near enough to be more than a guess */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  const from = word.toLowerCase();
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of words) {
    const to = candidate.toLowerCase();
    const distance = isCut(from, to) ? 1 : distanceOf(from, to);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  // One slip in short words, more in longer ones.
  return least <= Math.max(1, Math.floor(word.length / 3)) ? best : undefined;
}

/** `percentage` for `percent`, `ip` for nothing. */
function isCut(from: string, to: string): boolean {
  const [short, long] = from.length < to.length ? [from, to] : [to, from];
  return short.length >= 3 && long.startsWith(short);
}

/** Insertions, deletions, substitutions and neighbours exchanged. */
function distanceOf(from: string, to: string): number {
  // Longer ones are no names, and would cost time.
  if (from.length > 64 || to.length > 64) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      const exchanged = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (exchanged) cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}

/** `did you mean "percent"?`, as a hint. */
export function suggestion(word: string, words: Iterable<string>): { hint?: string } {
  const meant = nearest(word, words);
  return meant === undefined ? {} : { hint: `did you mean ${JSON.stringify(meant)}?` };
}
