// regex-sample: a text that an RE2 expression matches as a whole, a short one that is easily found.
// Pure. It may be wrong for what is rare (flags, classes of Unicode); the filter is asked anyway.

/** Undefined where the expression is not understood. */
export function sampleOf(expression: string): string | undefined {
  try {
    const parser = new Sampler(expression.replace(/^\(\?[a-z]+\)/i, ''));
    return parser.all();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Tried in this order for a class. */
const CANDIDATES = [
  ...'a0A_-./ ',
  ...'bcdefghijklmnopqrstuvwxyz123456789BCDEFGHIJKLMNOPQRSTUVWXYZ',
];
const ESCAPED: Readonly<Record<string, string>> = {
  d: '0',
  D: 'a',
  w: 'a',
  W: '-',
  s: ' ',
  S: 'a',
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  v: '\v',
};

class Sampler {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): string {
    const sample = this.#alternatives();
    if (this.#at < this.#text.length) throw new SyntaxError('unmatched )');
    return sample;
  }

  /** The first of them. */
  #alternatives(): string {
    const first = this.#sequence();
    while (this.#take('|')) this.#sequence();
    return first;
  }

  #sequence(): string {
    let sample = '';
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char === '|' || char === ')') return sample;
      const atom = this.#atom();
      sample += atom.repeat(this.#leastTimes());
    }
  }

  #atom(): string {
    const char = this.#text[this.#at++] ?? '';
    if (char === '(') return this.#group();
    if (char === '[') return this.#class();
    if (char === '.') return 'a';
    if (char === '^' || char === '$') return '';
    if (char !== '\\') return char;
    const escaped = this.#text[this.#at++] ?? '';
    if (escaped === 'x') return this.#hex();
    if (escaped === 'A' || escaped === 'z') return '';
    if (escaped === 'Q' || escaped === 'p' || escaped === 'P')
      throw new SyntaxError(`\\${escaped}`);
    return ESCAPED[escaped] ?? escaped;
  }

  #hex(): string {
    const [all, braced, plain] = /^(?:\{([0-9a-f]+)\}|([0-9a-f]{2}))/i.exec(this.#rest()) ?? [];
    if (all === undefined) throw new SyntaxError('\\x');
    this.#at += all.length;
    return String.fromCodePoint(Number.parseInt(braced ?? plain ?? '', 16));
  }

  #group(): string {
    const [head] = /^\?(?:[a-z-]*:|P?<\w+>)/i.exec(this.#rest()) ?? [''];
    this.#at += head.length;
    const sample = this.#alternatives();
    if (!this.#take(')')) throw new SyntaxError('unmatched (');
    return sample;
  }

  #class(): string {
    // A bracket that stands first is one of the characters.
    const [all] = /^\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]/s.exec(this.#rest()) ?? [];
    if (all === undefined) throw new SyntaxError('unmatched [');
    this.#at += all.length;
    const body = all
      .slice(0, -1)
      .replace(/\[:alpha:\]/g, 'a-zA-Z')
      .replace(/\[:digit:\]/g, '0-9')
      .replace(/\[:alnum:\]/g, '0-9a-zA-Z')
      .replace(/\[:lower:\]/g, 'a-z')
      .replace(/\[:upper:\]/g, 'A-Z')
      .replace(/^(\^?)\]/, '$1\\]')
      .replaceAll('[', '\\[');
    const matcher = new RegExp(`[${body}]`);
    const literal = body.replace(/^\^/, '').replace(/\\(.)/g, '$1')[0] ?? '';
    const found = [...CANDIDATES, literal].find((char) => char !== '' && matcher.test(char));
    if (found === undefined) throw new SyntaxError('an empty class');
    return found;
  }

  #leastTimes(): number {
    const [all = '', least] = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(this.#rest()) ?? [];
    this.#at += all.length;
    if (least !== undefined) return Number(least);
    return all.startsWith('*') || all.startsWith('?') ? 0 : 1;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }
}
