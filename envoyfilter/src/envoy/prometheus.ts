// prometheus: a reader of the text exposition format, version 0.0.4, as Envoy writes it. Pure.
// Line:  name { label = "value" , … } number timestamp?   In values: \\ \" \n are escapes.
// Refuses what is not of that form, with the line's number; comments and empty lines are skipped.

/** One measured value. Counters, gauges, and the parts of histograms all look the same. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @throws SyntaxError naming line and column */
export function parsePrometheus(text: string): Sample[] {
  const samples: Sample[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line !== '' && !line.startsWith('#')) samples.push(parseLine(line, index + 1));
  });
  return samples;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const SPACE = /[ \t]*/y;
const VALUE = /"((?:[^"\\]|\\.)*)"/y;
const NUMBER = /[^ \t]+/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

function parseLine(line: string, lineNumber: number): Sample {
  let at = 0;
  const fail = (wanted: string): never => {
    const came = JSON.stringify(line.slice(at, at + 20));
    throw new SyntaxError(`line ${lineNumber}, column ${at + 1}: ${came}, wanted ${wanted}`);
  };
  const take = (pattern: RegExp, wanted: string): RegExpExecArray => {
    pattern.lastIndex = at;
    const match = pattern.exec(line) ?? fail(wanted);
    at = pattern.lastIndex;
    return match;
  };
  const skip = (character: string): boolean => {
    take(SPACE, 'a space');
    if (line[at] !== character) return false;
    at++;
    take(SPACE, 'a space');
    return true;
  };

  const name = take(NAME, 'a metric name')[0];
  // Without a prototype: a label may be called __proto__ or constructor.
  const labels: Record<string, string> = Object.create(null);
  if (skip('{')) {
    while (!skip('}')) {
      const label = take(NAME, 'a label name or }')[0];
      if (!skip('=')) fail('=');
      const quoted = take(VALUE, 'a value in double quotes')[1] ?? '';
      // An unknown escape stands for itself, as Prometheus' own readers have it.
      labels[label] = quoted.replace(/\\(.)/g, (all, letter: string) => ESCAPES[letter] ?? all);
      if (!skip(',') && line[at] !== '}') fail(', or }');
    }
  }
  take(SPACE, 'a space');
  const start = at;
  const word = take(NUMBER, 'a number')[0];
  const value = toNumber(word);
  if (value === undefined) {
    at = start;
    return fail('a number');
  }
  take(SPACE, 'a space');
  if (at < line.length && !/^-?\d+$/.test(line.slice(at))) fail('a timestamp or the end');
  return { name, labels, value };
}

function toNumber(word: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(word);
  if (special) {
    if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
    return special[1] === '-' ? -Infinity : Infinity;
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : undefined;
}
