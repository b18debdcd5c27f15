// words: how values and lists are named in messages.

const TEXT_MAX = 60;

/** What came, in a few words. */
export function named(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') {
    return Object.keys(value).length === 0 ? 'an empty object' : 'an object';
  }
  return quoted(String(value), typeof value === 'string');
}

/** A text, cut, and with nothing in it that a terminal would obey. */
export function quoted(text: string, withQuotes = true): string {
  const cut = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  const plain = JSON.stringify(cut).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped);
  return withQuotes ? plain : plain.slice(1, -1);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** `a, b or c` */
export function oneOf(words: readonly string[], last = 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** `1 error`, `2 errors` */
export function counted(count: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${count} ${count === 1 ? noun : plural}`;
}
