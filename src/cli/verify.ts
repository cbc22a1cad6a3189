import { Option } from 'commander';
import type { Command } from 'commander';
import { join } from 'node:path';
import { verifyJournal } from '../journal/index.js';
import type { FoundDamage, Report } from '../journal/index.js';
import { escapeText } from '../present/index.js';
import { parseVkey } from '../tlog/index.js';
import { keyOption, readEvidence, readNoteFile } from './evidence.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';

/** Exit codes of this command alone. */
const VERDICT = { intact: 0, tampered: 1, incomplete: 2, unreadable: 3 } as const;

interface VerifyOptions extends CommonOptions {
  readonly output: OutputFormat;
  readonly key?: string;
  readonly anchor?: string;
}

export const verifyCommand = (terminal: Terminal, done: (code: number) => void): Command =>
  subcommand(
    'verify',
    'check every record of the journal: exit 0 intact, 1 tampered, 2 incomplete, 3 unreadable',
    [
      'watchfloor verify',
      'watchfloor verify -o json --state-dir /mnt/evidence --key node.vkey',
      'watchfloor verify --anchor checkpoint-of-last-week',
    ],
  )
    .addOption(outputOption())
    .addOption(keyOption())
    .addOption(
      new Option(
        '--anchor <file>',
        'a checkpoint kept elsewhere, which the journal must go on from',
      ),
    )
    .action(async (options: VerifyOptions) => {
      const { config } = loadCommon(options);
      const dir = join(config.state_dir, 'journal');
      // Read first: the journal may grow meanwhile, and what was signed never gets smaller.
      const evidence = readEvidence(config.state_dir, options.key);
      const cosigner = parseVkey(config.publish.gateway_key ?? '');
      const report = verifyJournal(dir, {
        ...evidence,
        cosigners: cosigner === null ? [] : [cosigner],
        anchors: options.anchor === undefined ? [] : [readNoteFile(options.anchor)],
      });
      const json = options.output === 'json';
      await terminal.out.line(json ? toJson(report) : pretty(dir, report, evidence.vkey?.name));
      done(VERDICT[report.verdict]);
    });

/** Numbers of 64 bits as strings. */
const toJson = (report: Report): string =>
  JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));

const pretty = (dir: string, report: Report, key: string | undefined): string => {
  const { verdict, records, first, last, epochs, unlisted } = report;
  const span =
    first === null || last === null ? '' : `, ${first} to ${last}, ${counted(epochs, 'epoch')}`;
  return [
    `${dir}: ${verdict}`,
    ...(verdict === 'unreadable' ? [] : [`  ${counted(records, 'record')}${span}`]),
    ...signatureLines(report, key),
    ...report.gaps.map(({ firstSeq, lastSeq }) => `  lost and told: ${firstSeq} to ${lastSeq}`),
    ...report.damage.map((damage) => `  ${damageLine(damage)}`),
    ...(unlisted === 0 ? [] : [`  and ${unlisted} more`]),
  ].join('\n');
};

const signatureLines = (report: Report, key: string | undefined): string[] => {
  const { checkpoints, unproved, signedSize, cosignedSize, unsealed, tornBytes } = report;
  if (report.verdict === 'unreadable') return [];
  const signed =
    key === undefined
      ? 'no key of the node: no signature was checked'
      : `signed up to ${signedSize} by ${escapeText(key)}; cosigned up to ${cosignedSize}`;
  const uncompared = unproved === 0 ? '' : `; that could not be compared: ${unproved}`;
  return [
    `  ${signed}`,
    `  checkpoints that hold: ${checkpoints}${uncompared}`,
    ...(unsealed === 0n ? [] : [`  ${counted(unsealed, 'record')} behind the last checkpoint`]),
    ...(tornBytes === 0
      ? []
      : [`  ${counted(tornBytes, 'byte')} of a record that a crash cut off`]),
  ];
};

const counted = (count: number | bigint, what: string): string =>
  `${count} ${what}${BigInt(count) === 1n ? '' : 's'}`;

const damageLine = ({ segment, offset, bytes, firstSeq, lastSeq, text }: FoundDamage): string => {
  const place =
    segment === '' ? '' : `${escapeText(segment)}, bytes ${offset} to ${offset + bytes}: `;
  const numbers =
    firstSeq === undefined || lastSeq === undefined
      ? ''
      : firstSeq === lastSeq
        ? `record ${firstSeq}: `
        : `records ${firstSeq} to ${lastSeq}: `;
  return `${place}${numbers}${escapeText(text)}`;
};
