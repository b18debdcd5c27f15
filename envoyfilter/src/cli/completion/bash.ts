// bash: the completion script of bash, 3.2 (macOS) and later. Pure.

import type { CommandWords, OptionWords, Tree, Value } from './tree.js';

export function bashScript({ program, options, commands }: Tree): string {
  const names = commands.map(({ name }) => name);
  const lines = [
    `# bash completion of ${program}: eval "$(${program} completion bash)", in ~/.bashrc`,
    `_${program}() {`,
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= i IFS=$'\\n'`,
    '  COMPREPLY=()',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    case \${COMP_WORDS[i]} in`,
    `      ${names.join('|')}) command=\${COMP_WORDS[i]}; break ;;`,
    '    esac',
    '  done',
    '  case $command:$prev in',
    ...commands.flatMap((command) => command.options.flatMap((one) => optionCase(command, one))),
    '  esac',
    '  if [[ $cur == -* ]]; then',
    '    case $command in',
    `      '') ${reply(words(options.flatMap(spellings)))} ;;`,
    ...commands.map(
      ({ name, options: own }) => `      ${name}) ${reply(words(own.flatMap(spellings)))} ;;`,
    ),
    '    esac',
    '    return',
    '  fi',
    '  case $command in',
    `    '') ${reply(words(names))} ;;`,
    ...commands.flatMap(({ name, values }) => {
      const [first] = values;
      return first === undefined ? [] : [`    ${name}) ${replyOf(first)} ;;`];
    }),
    '  esac',
    '}',
    `complete -o filenames -F _${program} ${program}`,
  ];
  return `${lines.join('\n')}\n`;
}

function optionCase({ name }: CommandWords, option: OptionWords): string[] {
  if (option.value === undefined) return [];
  const patterns = spellings(option).map((spelling) => `${name}:${spelling}`);
  return [`    ${patterns.join('|')}) ${replyOf(option.value)}; return ;;`];
}

function spellings({ short, long }: OptionWords): string[] {
  return [short, long].filter((one) => one !== undefined);
}

function replyOf(value: Value): string {
  if (value.kind === 'words') return reply(words(value.words));
  return value.kind === 'file' ? reply('-f') : ':';
}

function words(all: readonly string[]): string {
  return `-W $'${all.join('\\n')}'`;
}

function reply(what: string): string {
  return `COMPREPLY=($(compgen ${what} -- "$cur"))`;
}
