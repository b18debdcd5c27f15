import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RULES } from '../../../envoyfilter/src/validate/rules/index.js';
import { tagalong } from '../cli/fake-terminal.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tagalong-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (...argv: string[]) => tagalong(argv, { cwd });

describe('tagalong rule', () => {
  it('lists all rules', async () => {
    const { out, code } = await run('rule');
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n').length).toBe(RULES.length);
    for (const { id, title } of RULES)
      expect(out).toMatch(new RegExp(`^${id} +\\w+ +${title}$`, 'm'));
    expect(JSON.parse((await run('rule', '--format', 'json')).out).length).toBe(RULES.length);
  });

  it('explains one', async () => {
    const { out } = await run('rule', 'percent-needs-identity');
    for (const part of [
      '(error): A share of nobody',
      '\nWhy\n',
      '\nHow to mend it\n',
      '\nBreaks it\n',
      'percent: 10}',
    ]) {
      expect(out).toContain(part);
    }
    expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
    const { out: json } = await run('rule', 'memory', '--format', 'json');
    expect(JSON.parse(json)).toMatchObject({ id: 'memory', severity: 'warning' });
  });

  it('says which was meant', async () => {
    expect(await run('rule', 'percent-need-identity')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('did you mean "percent-needs-identity"?'),
    });
    expect((await run('rule', 'xyz')).err).toContain('`tagalong rule` lists them');
  });
});

describe('tagalong init', () => {
  const FILE = 'policy.yaml';

  it('writes a policy of which nothing is to be said', async () => {
    const { code, out, err } = await run('init');
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('tagalong validate policy.yaml');
    expect((await run('validate', '--strict', FILE)).out).toBe(
      '1 policy in 1 file: nothing to say\n',
    );
    const text = readFileSync(join(cwd, FILE), 'utf8');
    expect((await run('init', '-')).out).toBe(text);
    expect(JSON.parse((await run('init', '-', '--format', 'json')).out)).toEqual({ text });
    const again = await run('init', '--force', '--format', 'json');
    expect({ ...again, out: JSON.parse(again.out) }).toEqual({
      code: 0,
      out: { file: FILE },
      err: '',
    });
  });

  it('overwrites nothing unless told to', async () => {
    writeFileSync(join(cwd, FILE), 'mine');
    expect(await run('init')).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        'found policy.yaml there already, wanted another name, or --force',
      ),
    });
    expect(readFileSync(join(cwd, FILE), 'utf8')).toBe('mine');
    expect((await run('init', '--force')).code).toBe(0);
    expect(readFileSync(join(cwd, FILE), 'utf8')).toContain('kind: Policy');
  });

  it('says why it cannot write', async () => {
    expect(await run('init', 'no/such/folder.yaml')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no/such/folder.yaml cannot be written'),
    });
  });
});

describe('--help', () => {
  it.each(['validate', 'rule', 'init'])('of %s has examples', async (command) => {
    const { out, code } = await run(command, '--help');
    expect(code).toBe(0);
    expect(out.match(/^ {2}.*\btagalong/gm)?.length).toBeGreaterThanOrEqual(2);
  });
});
