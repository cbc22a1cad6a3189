import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/index.js';
import { escapeText } from '../present/index.js';
import { agentsCommand } from './agents.js';
import { configCommand } from './config.js';
import { consistencyCommand } from './consistency.js';
import { coverageCommand } from './coverage.js';
import { doctorCommand } from './doctor.js';
import { explainCommand } from './explain.js';
import { CliError, EXIT } from './exit.js';
import type { Terminal } from './output.js';
import { gatewayCommand } from './gateway.js';
import { proveCommand } from './prove.js';
import { replayCommand } from './replay.js';
import { runCommand } from './run.js';
import type { Services } from './services.js';
import { statusCommand } from './status.js';
import { tailCommand } from './tail.js';
import { verifyCommand } from './verify.js';

/** Carries out one command line, `args` without the program's name. The exit code; never throws for the user's mistakes. */
export const runCli = async (
  args: readonly string[],
  version: string,
  terminal: Terminal,
  services: Services,
): Promise<number> => {
  let exitCode: number = EXIT.ok;
  const done = (code: number): void => {
    exitCode = code;
  };
  const program = new Command('watchfloor')
    .description('What AI agents on this machine really do, seen from the kernel.')
    .version(version)
    .addCommand(runCommand(services, done))
    .addCommand(tailCommand(terminal, done))
    .addCommand(statusCommand(terminal, done))
    .addCommand(agentsCommand(terminal, done))
    .addCommand(coverageCommand(terminal, done))
    .addCommand(explainCommand(terminal, done))
    .addCommand(configCommand(terminal, done))
    .addCommand(gatewayCommand(terminal, services, done))
    .addCommand(replayCommand(terminal, done))
    .addCommand(verifyCommand(terminal, done))
    .addCommand(proveCommand(terminal))
    .addCommand(consistencyCommand(terminal))
    .addCommand(doctorCommand(terminal, services, done));
  prepare(program, terminal);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, terminal);
  }
};

/** Settings of commander are not inherited by commands that were built elsewhere. */
const prepare = (command: Command, terminal: Terminal): void => {
  command
    .exitOverride()
    .showHelpAfterError(`Run "${fullName(command)} --help" to see how it is used.`)
    .configureOutput({
      writeOut: (text) => {
        terminal.out.text(text);
      },
      writeErr: (text) => {
        terminal.err.text(text);
      },
    });
  for (const inner of command.commands) prepare(inner, terminal);
};

const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;

const report = async (error: unknown, { err }: Terminal): Promise<number> => {
  if (error instanceof CommanderError) {
    // It has printed its message already. Help that was asked for is no error, help instead of a command is.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof ConfigError) {
    await err.line('watchfloor: the configuration cannot be used:');
    for (const line of error.message.split('\n')) await err.line(escapeText(line));
    await err.line(`  ${escapeText(error.remedy)}`);
    return EXIT.configuration;
  }
  if (error instanceof CliError) {
    await err.line(`watchfloor: ${escapeText(error.message)}`);
    await err.line(`  ${escapeText(error.remedy)}`);
    return error.exitCode;
  }
  throw error;
};
