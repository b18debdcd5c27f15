// zsh: the completion script of zsh. Pure.

import type { OptionWords, Tree, Value } from './tree.js';

export function zshScript({ program, options, commands }: Tree): string {
  const lines = [
    `#compdef ${program}`,
    `# zsh completion of ${program}: as a file _${program} in a folder of $fpath, or in ~/.zshrc, after`,
    `# compinit: source <(${program} completion zsh)`,
    `_${program}() {`,
    '  local context state state_descr line',
    '  typeset -A opt_args',
    '  local -a commands=(',
    ...commands.map(({ name, about }) => `    ${quoted(`${name}:${about}`)}`),
    '  )',
    '  _arguments -C \\',
    ...options.map((option) => `    ${spec(option)} \\`),
    "    '1:command:->command' '*::argument:->argument'",
    '  case $state in',
    '    command) _describe command commands ;;',
    '    argument)',
    '      case $line[1] in',
    ...commands.flatMap(({ name, options: own, values }) => [
      `        ${name})`,
      '          _arguments \\',
      ...own.map((option) => `            ${spec(option)} \\`),
      `            ${quoted(values[0] === undefined ? '*::' : `*:argument:${action(values[0])}`)} ;;`,
    ]),
    '      esac ;;',
    '  esac',
    '}',
    `if [[ $funcstack[1] == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `'*'{-f,--file}'[about]:FILE:_files'`; the star: it may come again. */
function spec({ short, long, about, value }: OptionWords): string {
  const names = [short, long].filter((one) => one !== undefined);
  const tail = `[${about.replace(/[[\]]/g, '\\$&')}]${value === undefined ? '' : `: :${action(value)}`}`;
  const [only, other] = names;
  return other === undefined ? quoted(`*${only}${tail}`) : `'*'{${names.join(',')}}${quoted(tail)}`;
}

function action(value: Value): string {
  if (value.kind === 'words') return `(${value.words.join(' ')})`;
  return value.kind === 'file' ? '_files' : '';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
