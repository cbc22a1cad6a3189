import { codeOf, listImpostors, listSegments } from '../directory.js';
import type { Segment } from '../directory.js';
import { realFiles } from '../files.js';
import type { Files } from '../files.js';
import { readHeads } from './heads.js';
import type { Heads } from './heads.js';
import { Findings } from './report.js';
import type { FoundDamage, Report, Span, VerifyOptions } from './report.js';
import { walkSegments } from './segments.js';
import type { Frames } from './segments.js';
import { TileEvidence } from './tiles.js';
import { Walk } from './walk.js';

const NO_JOURNAL = 'there is no journal';

/**
 * Checks a journal as docs/journal.md says: frames, numbers, tree, signatures. It may be growing meanwhile. Memory does
 * not grow with it. Never throws on what it finds.
 */
export function verifyJournal(
  directory: string,
  options: VerifyOptions,
  files: Files = realFiles,
): Report {
  const findings = new Findings();
  let heads: Heads;
  let segments: Segment[];
  let impostors: string[];
  try {
    // Heads before segments: what was signed by now is in what is listed then.
    files.list(directory);
    heads = readHeads(directory, options, files, findings);
    segments = listSegments(directory, files);
    impostors = listImpostors(directory, files);
  } catch (error) {
    const code = codeOf(error);
    return unreadable(code === 'ENOENT' ? NO_JOURNAL : `it cannot be read: ${code}`);
  }
  if (segments.length === 0 && heads.heads.length === 0 && impostors.length === 0) {
    return unreadable(NO_JOURNAL);
  }
  for (const segment of impostors) {
    findings.add({ segment, offset: 0, bytes: 0, reason: 'unreadable', text: 'is not a file' });
  }
  const signed = heads.heads.at(-1)?.size ?? 0n;
  const tiles = new TileEvidence(directory, files, findings, signed);
  const walk = new Walk(options, heads.heads, tiles, findings);
  const frames = walkSegments(directory, segments, files, walk, findings);
  walk.finish();
  const tornBytes = judgeRest(frames.rest, walk, findings);
  tellEnd(heads, walk, findings);
  const grew = (): boolean => listSegments(directory, files).some(isNewTo(segments));
  if (tiles.has(0, walk.size >> 8n) && walk.size >= walk.signedSize && !grew()) {
    const last = ((walk.size >> 8n) + 1n) << 8n;
    findings.add(missing({ firstSeq: walk.size + 1n, lastSeq: last }, 'a tile knows them'));
  }
  const gaps = tellMissing(frames, walk, findings);
  return report(walk, heads, frames, findings, { tornBytes, gaps });
}

const isNewTo =
  (before: readonly Segment[]) =>
  ({ name, bytes }: Segment): boolean =>
    before.find((one) => one.name === name)?.bytes !== bytes;

/** A torn end is what a crash leaves, unless what is missing was signed, or the daemon had said that it stops. */
function judgeRest(rest: FoundDamage | null, walk: Walk, findings: Findings): number {
  if (rest === null) return 0;
  if (!walk.stopped && walk.size >= walk.signedSize) return rest.bytes;
  findings.add(rest);
  return 0;
}

function tellEnd({ heads, unchecked }: Heads, walk: Walk, findings: Findings): void {
  const sources = heads.filter(({ size }) => size > walk.size);
  for (const { source, size } of sources) {
    const lost = { firstSeq: walk.size + 1n, lastSeq: size };
    findings.add(missing(lost, `${source} is signed for ${size} records`, source));
  }
  if (unchecked || walk.uncheckedNotes) {
    const text = 'there are checkpoints, and no key to check them with';
    findings.add({ segment: 'signer/vkey', offset: 0, bytes: 0, reason: 'missing', text });
  }
  if (walk.stubs > 0) {
    const text = `${walk.stubs} records are here as stubs only; whole they are on the node`;
    findings.add({ segment: '', offset: 0, bytes: 0, reason: 'stub', text });
  }
}

function tellMissing(frames: Frames, walk: Walk, findings: Findings): readonly Span[] {
  const { gaps, unexplained } = walk.told.explain(frames.missing);
  if (gaps.length > 0) findings.raise('incomplete');
  for (const span of unexplained)
    findings.add(missing(span, 'neither retention nor a gap says why'));
  return gaps;
}

function missing(span: Span, why: string, segment = ''): FoundDamage {
  const text = `records are missing: ${why}`;
  return { segment, offset: 0, bytes: 0, ...span, reason: 'missing', text };
}

function report(
  walk: Walk,
  { cosignedSize }: Heads,
  { first }: Frames,
  findings: Findings,
  { tornBytes, gaps }: Pick<Report, 'tornBytes' | 'gaps'>,
): Report {
  const { records, checkpoints, unproved, stubs, signedSize, size } = walk;
  return {
    verdict: findings.verdict,
    ...{ records, first, last: first === null ? null : size },
    epochs: walk.epochs.size,
    ...{ checkpoints, unproved, signedSize, cosignedSize },
    unsealed: size > signedSize ? size - signedSize : 0n,
    ...{ tornBytes, stubs, gaps },
    damage: findings.list,
    unlisted: findings.unlisted,
  };
}

function unreadable(text: string): Report {
  const nothing = { records: 0, first: null, last: null, epochs: 0, checkpoints: 0, unproved: 0 };
  const sizes = { signedSize: 0n, cosignedSize: 0n, unsealed: 0n, tornBytes: 0, stubs: 0 };
  const damage = { segment: '', offset: 0, bytes: 0, reason: 'unreadable', text } as const;
  return { verdict: 'unreadable', ...nothing, ...sizes, gaps: [], damage: [damage], unlisted: 0 };
}
