// place: paths inside a policy, as data and as text.
// Promise: pure; `readPath` reads what `pathText` writes, and the paths that the filter logs.

/** From the top of a document: keys and positions. */
export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z0-9_$-]+$/;

/** As `spec.filters[0].tags[1].header`; the whole document is `$`. */
export function pathText(path: Path): string {
  const steps = path.map((step, depth) => {
    if (typeof step === 'number') return `[${step}]`;
    if (!PLAIN_KEY.test(step)) return `[${JSON.stringify(step)}]`;
    return depth === 0 ? step : `.${step}`;
  });
  return steps.join('') || '$';
}

/** The other way; also from the filter's JSONPath, which begins with `$`. */
export function readPath(text: string): Path {
  const steps = text
    .replace(/^\$/, '')
    .matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.[\]]+)/g);
  return [...steps].map(([, index, quoted, plain]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (plain ?? '') : unquoted(quoted);
  });
}

/** The filter writes bytes that are no plain text as \xNN. */
function unquoted(text: string): string {
  const bytes = text.replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return bytes.replace(/\\(["\\])/g, '$1');
}
