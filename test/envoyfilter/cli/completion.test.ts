// Completion scripts, as the shells themselves run them.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../envoyfilter/src/cli/commands/index.js';
import { tagalong } from './fake-terminal.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

let folder: string;
const scripts = {} as Record<Shell, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tagalong-completion-'));
  writeFileSync(join(folder, 'my policy.yaml'), '');
  writeFileSync(join(folder, 'inner.zsh'), ZSH_INNER);
  for (const shell of SHELLS) {
    const { code, out } = await tagalong(['completion', shell]);
    expect(code).toBe(0);
    scripts[shell] = out;
    writeFileSync(join(folder, `script.${shell}`), out);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function has(shell: Shell): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** What the shell offers for the last of these words. */
const OFFERS: Readonly<Record<Shell, (words: readonly string[]) => string[]>> = {
  bash: (words) => {
    const line = words.map((word) => `'${word}'`).join(' ');
    return run('bash', [
      '-c',
      `source script.bash; COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _tagalong; ` +
        `printf "%s\\n" "\${COMPREPLY[@]}"`,
    ]);
  },
  // Its completion works in its line editor alone, so that it needs a terminal, which zpty is.
  zsh: (words) => {
    const out = run('zsh', ['-f', '-c', ZSH_OUTER.replace('TYPED', words.join(' '))]);
    return out.flatMap((line) => /HIT (.*)$/.exec(line)?.[1] ?? []);
  },
  fish: (words) => {
    const script = `source script.fish; complete -C '${words.join(' ')}'`;
    return run('fish', ['--no-config', '-c', script]).map((line) => line.split('\t', 1)[0] ?? '');
  },
};

/** Tells what would be offered instead of offering it, and ends. */
const ZSH_INNER = `PROMPT=
autoload -Uz compinit; compinit -u -D
source ./script.zsh
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false
compadd() {
  [[ \${@[1,(i)(-|--)]} == *-(O|A|D)' '* ]] && { builtin compadd "$@"; return }
  typeset -a hits
  builtin compadd -A hits "$@"
  for hit in $hits; do print -r -- "HIT $hit"; done
}
done-now() { print DONE NOW; exit }
comppostfuncs=(done-now)
print READY NOW
`;
const ZSH_OUTER = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'source ./inner.zsh'
while zpty -r shell line; do [[ $line == *'READY NOW'* ]] && break; done
zpty -w -n shell 'TYPED'$'\\t'
while zpty -r shell line; do [[ $line == *'DONE NOW'* ]] && break; print -r -- $line; done
true
`;

function run(shell: Shell, args: readonly string[]): string[] {
  const env = { ...process.env, LC_ALL: 'C', TERM: 'xterm' };
  const { stdout, stderr, status } = spawnSync(shell, args, { cwd: folder, env, timeout: 20_000 });
  if (status !== 0) throw new Error(`${shell} ended with ${status}: ${stderr}${stdout}`);
  return String(stdout)
    .split(/\r?\n/)
    .filter((line) => line !== '');
}

describe.each(SHELLS)('completion of %s', (shell) => {
  // bash is everywhere where these tests run.
  const there = shell === 'bash' || has(shell);
  if (!there) console.warn(`${shell}: not found; its completion is only looked at, not run`);

  it('names every command and its options', () => {
    expect(COMMANDS.length).toBeGreaterThan(8);
    for (const word of ['validate', 'render', 'doctor', 'completion', 'admin', 'gateway inbound']) {
      expect(scripts[shell].replaceAll('\\n', ' ')).toContain(word);
    }
  });

  it.skipIf(!there)('offers commands', () => {
    expect(OFFERS[shell](['tagalong', 'do'])).toContain('doctor');
    expect(OFFERS[shell](['tagalong', ''])).toEqual(
      expect.arrayContaining(['init', 'validate', 'render', 'explain', 'up', 'doctor']),
    );
  });

  it.skipIf(!there)("offers a command's options, and their words", () => {
    expect(OFFERS[shell](['tagalong', 'doctor', '--ad'])).toContain('--admin');
    expect(OFFERS[shell](['tagalong', 'doctor', '--'])).not.toContain('--version');
    const words = OFFERS[shell](['tagalong', 'doctor', '--at', '']);
    expect(words).toEqual(expect.arrayContaining(['gateway', 'inbound', 'outbound']));
    const shells = OFFERS[shell](['tagalong', 'completion', '']);
    expect(shells).toEqual(expect.arrayContaining([...SHELLS]));
  });

  it.skipIf(!there)('offers files where a file is wanted', () => {
    const files = OFFERS[shell](['tagalong', 'doctor', '-f', 'my']);
    expect(files.join('\n')).toMatch(/my(\\)? policy\.yaml/);
  });
});

describe('tagalong completion', () => {
  it('is data for programs, too', async () => {
    const { out: script } = await tagalong(['completion', 'fish']);
    const { out } = await tagalong(['completion', 'fish', '--format', 'json']);
    expect(JSON.parse(out)).toEqual({ shell: 'fish', script });
  });

  it('refuses another shell', async () => {
    const { code, err } = await tagalong(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(err).toContain('Wanted one of bash, zsh, fish');
  });
});
