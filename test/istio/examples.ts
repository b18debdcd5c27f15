// examples: the policies that documents show, and what they say becomes of requests.
//
//   ```yaml … kind: Policy … ```      a policy
//   ```requests … ```                 after it: a line for each request, in order
//
// A line is `WHERE METHOD PATH`, headers behind `|` each, `* N` for N times, and behind `->` what became
// of the last: `STATUS`, `HEADER: VALUE` as the service got it (`-`: none), `SERVICE VERSION`.
// Promise: pure; a line of another form is an error.

export interface ExampleRequest {
  readonly line: string;
  readonly at: 'gateway' | 'inbound' | 'outbound';
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly times: number;
  /** Default 200. */
  readonly status: number;
  /** By name, what the service got; undefined: not there. */
  readonly got: readonly (readonly [name: string, value: string | undefined])[];
  /** The version that answered, and of which service. */
  readonly answered: { readonly service: string; readonly version: string } | undefined;
}

export interface Example {
  readonly policy: string;
  readonly requests: readonly ExampleRequest[];
}

const BLOCK = /^```(yaml|requests)\n([\s\S]*?)^```$/gm;
const LINE = /^(gateway|inbound|outbound) ([A-Z]+) (\/\S*)((?: \| .*?)*)(?: \* (\d+))? -> (.+)$/;

export function examplesIn(document: string): Example[] {
  const examples: { policy: string; requests: ExampleRequest[] }[] = [];
  for (const [, kind, text = ''] of document.matchAll(BLOCK)) {
    if (kind === 'requests') {
      const last = examples.at(-1);
      if (last === undefined) throw new Error(`requests without a policy before them: ${text}`);
      last.requests.push(...text.trimEnd().split('\n').map(readLine));
    } else if (/^kind: Policy$/m.test(text)) {
      examples.push({ policy: text, requests: [] });
    }
  }
  return examples;
}

function readLine(line: string): ExampleRequest {
  const [, at, method = '', path = '', headers = '', times = '1', outcome = ''] =
    LINE.exec(line) ?? [];
  if (at === undefined) throw new Error(`${line}: wanted WHERE METHOD PATH [| HEADER] -> OUTCOME`);
  const outcomes = outcome.split(', ');
  const answered = outcomes.map((one) => /^(\w+) (\w+)$/.exec(one)).find((found) => found !== null);
  const status = outcomes.find((one) => /^\d{3}$/.test(one));
  const got = outcomes.filter((one) => one.includes(': ')).map(readHeader);
  const read = got.length + (answered ? 1 : 0) + (status ? 1 : 0);
  if (read !== outcomes.length) throw new Error(`${line}: what is ${outcome}?`);
  return {
    line,
    at: at as ExampleRequest['at'],
    method,
    path,
    headers: headers.split(' | ').filter(Boolean).map(readHeader),
    times: Number(times),
    status: Number(status ?? 200),
    got: got.map(([name, value]) => [name, value === '-' ? undefined : value]),
    answered: answered ? { service: answered[1]!, version: answered[2]! } : undefined,
  };
}

function readHeader(text: string): readonly [name: string, value: string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new Error(`${text}: wanted a header as NAME: VALUE`);
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}
