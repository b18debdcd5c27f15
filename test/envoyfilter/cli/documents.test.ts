// Every command of `tagalong` that the documents show, run as it stands there.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shellLines } from '../../../envoyfilter/src/explain/shell-words.js';
import { tagalong } from './fake-terminal.js';

const ROOT = new URL('../../../', import.meta.url);
const DOCUMENTS = ['README.md', 'envoyfilter/docs/deploy.md'];

/** What the two policies of a `diff` are expected to come to. */
const DIFFERS = 1;

/** The commands in a document's `sh` blocks, without what follows a pipe or a comment. */
function commandsOf(text: string): string[][] {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.startsWith('tagalong '))
    .map((line) => shellLines(line.replace(/\s+#.*$|\s*\|.*$/, ''))[0]!.words.slice(1));
}

describe.each(DOCUMENTS)('%s', (document) => {
  let cwd: string;
  let commands: string[][];
  beforeAll(async () => {
    const text = await readFile(new URL(document, ROOT), 'utf8');
    commands = commandsOf(text);
    cwd = await mkdtemp(join(tmpdir(), 'tagalong-documents-'));
    const policy = /^```yaml\n([\s\S]*?)^```$/m.exec(text)?.[1];
    if (policy !== undefined) await writeFile(join(cwd, 'policy.yaml'), policy);
    const other = await tagalong(['init', '-']);
    await writeFile(join(cwd, 'old.yaml'), other.out.replace('value: canary', 'value: stable'));
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));

  it('shows commands that do what they say', async () => {
    expect(commands.length).toBeGreaterThan(2);
    for (const words of commands) {
      const { code, out, err } = await tagalong(words, { cwd });
      expect(code, `tagalong ${words.join(' ')}\n${out}${err}`).toBe(
        words[0] === 'diff' ? DIFFERS : 0,
      );
    }
  });
});
