import { type Describe, examples, oneOf } from '../command.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const completion: Describe = ({ program, terminal, ended }) => {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .argument(`<${SHELLS.join('|')}>`, 'the shell', oneOf(SHELLS))
    .option('--format <FORMAT>', 'text or json', oneOf(['text', 'json'] as const), 'text')
    .addHelpText(
      'after',
      examples(
        ['eval "$(tagalong completion bash)"', 'in ~/.bashrc'],
        ['source <(tagalong completion zsh)', 'in ~/.zshrc, after compinit'],
        ['tagalong completion fish > ~/.config/fish/completions/tagalong.fish', 'once'],
      ),
    )
    .action(async (shell: (typeof SHELLS)[number], options) => {
      const { runCompletion } = await import('../run/completion.js');
      ended(runCompletion(shell, options.format, program, terminal));
    });
};
