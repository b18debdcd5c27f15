// fish: the completion script of fish. Pure.

import type { OptionWords, Tree, Value } from './tree.js';

export function fishScript({ program, options, commands }: Tree): string {
  const none = '-n __fish_use_subcommand';
  const lines = [
    `# fish completion of ${program}: ${program} completion fish > ~/.config/fish/completions/${program}.fish`,
    `complete -c ${program} -f`,
    ...options.map((option) => optionLine(program, none, option)),
    ...commands.flatMap(({ name, about, options: own, values }) => {
      const seen = `-n '__fish_seen_subcommand_from ${name}'`;
      const [first] = values;
      return [
        `complete -c ${program} ${none} -a ${name} -d ${quoted(about)}`,
        ...own.map((option) => optionLine(program, seen, option)),
        ...(first === undefined || first.kind === 'other'
          ? []
          : [`complete -c ${program} ${seen} ${valueArgs(first)}`]),
      ];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function optionLine(program: string, when: string, option: OptionWords): string {
  const { short, long, about, value } = option;
  const names = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
  ].join(' ');
  const taken = value === undefined ? '' : ` -r ${valueArgs(value)}`;
  return `complete -c ${program} ${when} ${names}${taken} -d ${quoted(about)}`;
}

function valueArgs(value: Value): string {
  if (value.kind === 'words') return `-f -a ${quoted(value.words.join(' '))}`;
  return value.kind === 'file' ? '-F' : '-f';
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
