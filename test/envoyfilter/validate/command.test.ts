import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError, UsageError } from '../../../envoyfilter/src/cli/exit.js';
import { policiesOf } from '../../../envoyfilter/src/cli/policies.js';
import { tagalong } from '../cli/fake-terminal.js';
import { HEAD } from './policies.js';

const SOUND = `${HEAD}spec: {filters: []}\n`;
const named = (name: string) => SOUND.replace('name: shop', `name: ${name}`);
const BROKEN = `${HEAD}spec:\n  filters:\n    - at: gatway\n`;
const WARNED = `${HEAD}spec: {filters: [{at: inbound}]}\n`;

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tagalong-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
}

const run = (...argv: string[]) => tagalong(argv, { cwd });

describe('tagalong validate', () => {
  it('says nothing wrong of sound policies, and where there are none that is wrong', async () => {
    write({ 'a.yaml': SOUND });
    expect(await run('validate', 'a.yaml')).toEqual({
      code: 0,
      out: '1 policy in 1 file: nothing to say\n',
      err: '',
    });
    expect((await run('validate')).code).toBe(2);
    expect(await run('validate', '--format', 'xml', 'a.yaml')).toMatchObject({ code: 2, out: '' });
  });

  it('shows place, line, caret and remedy', async () => {
    write({ 'a.yaml': BROKEN });
    const { code, out, err } = await run('validate', 'a.yaml');
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toBe(`\
a.yaml:6:11 error[wrong-value] spec.filters[0].at
  found "gatway", wanted one of "gateway", "inbound", "outbound" or "sidecar"
  5 |   filters:
  6 |     - at: gatway
    |           ^^^^^^
  hint: did you mean "gateway"?

1 policy in 1 file: 1 error
\`tagalong rule ID\` tells why a rule exists.
`);
  });

  it('is coloured on a terminal alone', async () => {
    write({ 'a.yaml': BROKEN });
    const { out } = await tagalong(['validate', 'a.yaml'], { cwd, colour: true });
    expect(out).toContain('\u001b[31merror[wrong-value]\u001b[39m');
  });

  it('reads the standard input, arguments and --file, each once', async () => {
    write({ 'a.yaml': named('a'), 'b.yaml': named('b') });
    const { out, code } = await tagalong(
      ['validate', 'a.yaml', '-f', './a.yaml', '-f', 'b.yaml', '-', '-'],
      { cwd, stdin: named('c') },
    );
    expect({ out, code }).toEqual({ out: '3 policies in 3 files: nothing to say\n', code: 0 });
    const broken = await tagalong(['validate', '-'], { cwd, stdin: BROKEN });
    expect(broken.out).toContain('<stdin>:6:11 error[wrong-value]');
  });

  it('searches folders, sorted, and skips what is none of ours', async () => {
    write({
      'p/b.yml': named('b'),
      'p/a/c.json': JSON.stringify({
        apiVersion: 'tagalong/v1',
        kind: 'Policy',
        metadata: { name: 'c' },
        spec: { filters: [] },
      }),
      'p/a.yaml': `${named('a')}---\napiVersion: v1\nkind: Service\n`,
      'p/readme.md': '[',
      'p/.git/x.yaml': '[',
      'p/node_modules/x/x.yaml': '[',
    });
    const { out, code } = await run('validate', 'p', '--format', 'json');
    const { findings, summary } = JSON.parse(out);
    expect(code).toBe(0);
    expect(summary).toEqual({ files: 3, policies: 3, errors: 0, warnings: 0, infos: 1 });
    expect(findings).toMatchObject([{ severity: 'info', place: { file: 'p/a.yaml', line: 6 } }]);
  });

  it('takes a file for named that is found too', async () => {
    write({ 'p/a.yaml': `${SOUND}---\napiVersion: v1\nkind: Service\n` });
    expect((await run('validate', 'p')).code).toBe(0);
    expect((await run('validate', 'p/a.yaml', 'p')).code).toBe(1);
    expect((await run('validate', 'p', 'p/a.yaml')).code).toBe(1);
  });

  it('says what cannot be read, and goes on', async () => {
    write({ 'a.yaml': BROKEN, 'bytes.yaml': Buffer.from([0x61, 0xff]), 'empty/x.txt': '' });
    const { out, code } = await run(
      'validate',
      'none.yaml',
      'bytes.yaml',
      'empty',
      'a.yaml',
      '--format',
      'json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(out).findings).toMatchObject([
      {
        rule: 'unreadable',
        message: 'found no such file, wanted a policy',
        place: { file: 'none.yaml' },
      },
      { rule: 'unreadable', message: 'found bytes that are no UTF-8, wanted text' },
      { rule: 'no-policy', place: { file: 'empty' } },
      { rule: 'wrong-value', place: { file: 'a.yaml' } },
    ]);
  });

  it('says nothing to a terminal by the name of a file', async () => {
    const name = 'a\n::error::b\u001b[31m.yaml';
    write({ [name]: BROKEN });
    const { out } = await run('validate', name);
    expect(out).toContain('a·::error::b·[31m.yaml:');
    expect(out).not.toContain('\u001b');
    expect(out).not.toMatch(/^::/m);
  });

  it('does not wait for a pipe in a folder', async () => {
    write({ 'p/b.yaml': BROKEN });
    execFileSync('mkfifo', [join(cwd, 'p/a.yaml')]);
    const { out } = await run('validate', 'p', '--format', 'json');
    expect(JSON.parse(out)).toMatchObject({ summary: { files: 1 } });
  });

  it('goes on after a part of a folder that cannot be read', async () => {
    write({ 'p/b.yaml': BROKEN, 'q/x.txt': '' });
    symlinkSync(join(cwd, 'q'), join(cwd, 'p/a.yaml'));
    const { out } = await run('validate', 'p', '', '--format', 'json');
    expect(JSON.parse(out).findings).toMatchObject([
      { rule: 'unreadable', place: { file: 'p/a.yaml' } },
      { rule: 'unreadable', message: 'found an empty name, wanted that of a file' },
      { rule: 'wrong-value', place: { file: 'p/b.yaml' } },
    ]);
  });

  it.each([
    'text',
    'json',
    'github',
    'junit',
    'sarif',
  ])('ends the same with --format %s', async (format) => {
    write({ 'sound.yaml': SOUND, 'warned.yaml': WARNED, 'broken.yaml': BROKEN });
    const code = async (...argv: string[]) =>
      (await run('validate', '--format', format, ...argv)).code;
    expect(await code('sound.yaml')).toBe(0);
    expect(await code('warned.yaml')).toBe(0);
    expect(await code('warned.yaml', '--strict')).toBe(1);
    expect(await code('warned.yaml', '--strict', '--quiet')).toBe(1);
    expect(await code('broken.yaml')).toBe(1);
    expect(await code('broken.yaml', '--quiet')).toBe(1);
    expect(await code('none.yaml')).toBe(1);
  });

  it('with --quiet prints faults only', async () => {
    write({ 'warned.yaml': WARNED, 'broken.yaml': BROKEN });
    expect((await run('validate', '--quiet', 'warned.yaml')).out).toBe('');
    expect((await run('validate', '--quiet', '--strict', 'warned.yaml')).out).toContain(
      'does-nothing',
    );
    const { out } = await run('validate', '--quiet', 'broken.yaml');
    expect(out).toContain('wrong-value');
    expect(out).not.toContain('1 policy');
  });

  it('asks the filter itself unless told not to', async () => {
    write({
      'a.yaml': `${HEAD}spec:\n  filters:\n    - at: inbound\n      tags: [{header: x-a, rules: [{value: a, when: {path: {regex: '('}}}]}]\n`,
    });
    expect((await run('validate', 'a.yaml')).out).toContain('a.yaml:7:68 error[module-refuses]');
    expect(await run('validate', '--no-module', 'a.yaml')).toMatchObject({ code: 0 });
  });
});

describe('policiesOf', () => {
  const terminal = (err: string[]) => ({
    out: () => {},
    err: (text: string) => void err.push(text),
    colour: { out: false, err: false },
    stdin: async () => SOUND,
    signal: new AbortController().signal,
    cwd,
    env: {},
  });

  it('gives all policies, with warnings left unsaid', async () => {
    write({
      'a.yaml': `${named('a')}---\n${named('b')}`,
      'b.yaml': WARNED.replace('name: shop', 'name: c'),
    });
    const err: string[] = [];
    const policies = await policiesOf(terminal(err), ['a.yaml', 'b.yaml', '-']);
    expect(policies.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'shop']);
    expect(err).toEqual([]);
  });

  it.each([
    ['broken.yaml', 'wrong-value'],
    ['none.yaml', 'unreadable'],
    ['service.yaml', 'not-a-policy'],
    ['empty.yaml', 'no-policy'],
    ['rule.yaml', 'percent-needs-identity'],
  ])('gives none where one is refused: %s', async (file, rule) => {
    write({
      'a.yaml': named('a'),
      'broken.yaml': BROKEN,
      'service.yaml': 'apiVersion: v1\nkind: Service\n',
      'empty.yaml': '',
      'rule.yaml': `${HEAD}spec: {filters: [{at: inbound, tags: [{header: x-a, rules: [{value: a, percent: 1}]}]}]}\n`,
    });
    const err: string[] = [];
    await expect(policiesOf(terminal(err), ['a.yaml', file])).rejects.toThrow(InputError);
    expect(err.join('')).toContain(`error[${rule}]`);
  });

  it('wants a name', async () => {
    await expect(policiesOf(terminal([]), [])).rejects.toThrow(UsageError);
  });
});
