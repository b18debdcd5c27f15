// shell-words: a command line as a shell would split it: quotes of both kinds, $'…', backslashes,
// lines that go on, comments. Pure.

/** Lines of a script, those that end in a backslash or inside a quote joined with the next. */
export interface ShellLine {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly words: readonly string[];
}

/** A quote is not closed. */
export class ShellWordsError extends Error {
  override readonly name = 'ShellWordsError';
  /** Of the text, from 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  v: '\v',
};

/** @throws ShellWordsError */
export function shellLines(text: string): ShellLine[] {
  return new Splitter(text.replaceAll('\r\n', '\n')).lines();
}

/** The text as one word, quoted where it has to be. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

class Splitter {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  lines(): ShellLine[] {
    const lines: ShellLine[] = [];
    while (this.#at < this.#text.length) {
      const line = this.#line;
      const words = this.#words();
      if (words.length > 0) lines.push({ line, words });
    }
    return lines;
  }

  /** Up to the end of the line, or a `;` that stands alone. */
  #words(): string[] {
    const words: string[] = [];
    for (;;) {
      this.#skip(/[ \t]|\\\n/y);
      const char = this.#text[this.#at];
      if (char === undefined) return words;
      if (char === '\n' || char === ';') {
        this.#take(1);
        return words;
      }
      if (char === '#') this.#skip(/[^\n]/y);
      else words.push(this.#word());
    }
  }

  #word(): string {
    let word = '';
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || /[ \t\n;]/.test(char)) return word;
      if (char === "'") word += this.#single();
      else if (char === '"') word += this.#double();
      else if (char === '$' && this.#text[this.#at + 1] === "'") word += this.#ansi();
      else if (char === '\\') word += this.#escaped();
      else word += this.#take(1);
    }
  }

  #escaped(): string {
    const taken = this.#take(2);
    return taken === '\\\n' ? '' : taken.slice(1);
  }

  #single(): string {
    return this.#until(/'((?:[^'])*)'/y);
  }

  #double(): string {
    const inside = this.#until(/"((?:[^"\\]|\\.)*)"/sy);
    return inside.replace(/\\([$`"\\\n])/g, (_, char: string) => (char === '\n' ? '' : char));
  }

  #ansi(): string {
    const inside = this.#until(/\$'((?:[^'\\]|\\.)*)'/sy);
    return inside.replace(
      /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|(.))/gs,
      (_, hex?: string, code?: string, octal?: string, char = '') => {
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
        const digits = hex ?? code;
        if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
        return ESCAPES[char] ?? char;
      },
    );
  }

  #until(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new ShellWordsError('a quote is not closed', this.#line);
    this.#take(found[0].length);
    return found[1] ?? '';
  }

  #skip(pattern: RegExp): void {
    for (;;) {
      pattern.lastIndex = this.#at;
      const found = pattern.exec(this.#text);
      if (found === null) return;
      this.#take(found[0].length);
    }
  }

  #take(count: number): string {
    const taken = this.#text.slice(this.#at, this.#at + count);
    this.#at += taken.length;
    this.#line += taken.split('\n').length - 1;
    return taken;
  }
}
