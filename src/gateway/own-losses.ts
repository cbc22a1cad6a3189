import type { Found } from '../journal/index.js';
import type { OwnJournal } from './own-journal.js';
import type { OwnValues } from './own-values.js';

/**
 * What the opening of the gateway's own journal found, as its first records. Where signed records are gone, the first of
 * all says what was signed last, so that the tree's growth can be followed.
 */
export function tellFound(
  { link, damage, lost, quarantined }: Found,
  own: OwnJournal,
  values: OwnValues,
): void {
  if (link !== null) {
    own.append(values.checkpoint({ ...link, vkey: own.vkey, oldSize: link.size, proof: [] }));
  }
  for (const { segment, offset, reason, firstSeq, lastSeq } of damage) {
    const fields = { segment, offset: String(offset), reason };
    own.append(values.sensor('journal_damaged', 'its bytes are not what was written', fields));
    // With a tile, hashes are gone and no records.
    if (firstSeq === undefined || lastSeq === undefined || reason === 'tile') continue;
    own.append(values.gap(reason, firstSeq, lastSeq));
  }
  if (lost === null) return;
  // Of what is damaged, each place has a gap of its own.
  if (lost.cause !== 'damaged') own.append(values.gap(lost.cause, lost.firstSeq, lost.lastSeq));
  own.append(values.tampered(lost, quarantined));
}
