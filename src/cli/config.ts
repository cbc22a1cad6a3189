import { Command } from 'commander';
import { effectiveYaml } from '../config/index.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { loadCommon, subcommand } from './options.js';
import type { CommonOptions } from './options.js';
import type { Terminal } from './output.js';

export const configCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command => {
  const check = subcommand(
    'check',
    'say whether the configuration is valid, and every mistake in it',
    [
      'watchfloor config check',
      'watchfloor config check --config /tmp/new.yaml && systemctl reload watchfloor',
    ],
  ).action(async (options: CommonOptions) => {
    const { file } = loadCommon(options);
    const what = file ?? 'no configuration file: every key has its default, which';
    await terminal.out.line(`${what} is valid`);
    done(EXIT.ok);
  });
  const show = subcommand('show', 'print the configuration in force, defaults included', [
    'watchfloor config show > /etc/watchfloor/config.yaml',
  ]).action(async (options: CommonOptions) => {
    terminal.out.text(effectiveYaml(loadCommon(options).config));
    done(EXIT.ok);
    await Promise.resolve();
  });
  return new Command('config')
    .summary('check or show the configuration')
    .description('check or show the configuration')
    .addCommand(check)
    .addCommand(show);
};
