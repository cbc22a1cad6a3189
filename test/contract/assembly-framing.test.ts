import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeDelimited, DelimitedReader, encodeDelimited } from '../../src/subject/index.js';

/** The ten framing cases of Agent Assembly: a message behind its length as a varint, in pieces of any size. */

const FOLDER = 'test/fixtures/agent-assembly/ipc_framing';

interface Whole {
  readonly input_hex: string;
  readonly expected_framed_hex: string;
}
interface Split {
  readonly full_framed_hex: string;
  readonly chunks: readonly { readonly offset: number; readonly length: number }[];
  readonly expected_decoded_hex: string;
}
interface Several {
  readonly frames: readonly { readonly input_hex: string; readonly framed_hex: string }[];
  readonly concatenated_framed_hex: string;
}
type Vector = { readonly description: string } & (Whole | Split | Several);

const vectors = readdirSync(FOLDER).map(
  (name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Vector,
);

const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The messages of a framed text that comes in these pieces, in hex. */
function readPieces(pieces: readonly Uint8Array[]): string[] {
  const reader = new DelimitedReader();
  const found = pieces.flatMap((piece) => {
    const read = reader.push(piece);
    return read.ok ? read.items.map(hexOf) : [read.reason];
  });
  return reader.pending === 0 ? found : [...found, `${reader.pending} bytes left`];
}

/** Every way to say what must come out of the frame: at once, byte by byte, and cut in two at any place. */
function everyReading(framed: Buffer): string[][] {
  const whole = decodeDelimited(framed);
  const cuts = Array.from({ length: framed.length }, (_, at) =>
    readPieces([framed.subarray(0, at), framed.subarray(at)]),
  );
  const single = readPieces(Array.from(framed, (byte) => Uint8Array.of(byte)));
  return [whole.ok ? whole.items.map(hexOf) : [whole.reason], single, ...cuts];
}

t.test('there are ten of them', async (t) => {
  t.equal(vectors.length, 10);
});

for (const vector of vectors) {
  t.test(vector.description, async (t) => {
    if ('chunks' in vector) {
      const framed = bytesOf(vector.full_framed_hex);
      const pieces = vector.chunks.map(({ offset, length }) =>
        framed.subarray(offset, offset + length),
      );
      t.equal(hexOf(Buffer.concat(pieces)), vector.full_framed_hex, 'the pieces are the whole');
      t.same(readPieces(pieces.slice(0, 1)), [`${pieces[0]?.length ?? 0} bytes left`]);
      t.same(readPieces(pieces), [vector.expected_decoded_hex]);
      t.equal(hexOf(encodeDelimited([bytesOf(vector.expected_decoded_hex)])), hexOf(framed));
      return;
    }
    const frames = 'frames' in vector ? vector.frames : [];
    for (const frame of frames) {
      t.equal(hexOf(encodeDelimited([bytesOf(frame.input_hex)])), frame.framed_hex);
    }
    const inputs = 'frames' in vector ? frames.map((frame) => frame.input_hex) : [vector.input_hex];
    const framed = 'frames' in vector ? vector.concatenated_framed_hex : vector.expected_framed_hex;
    t.equal(hexOf(encodeDelimited(inputs.map(bytesOf))), framed);
    for (const found of everyReading(bytesOf(framed))) t.same(found, inputs);
  });
}
