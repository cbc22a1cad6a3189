/**
 * Decodes what objdump decodes, and compares: lengths, targets of branches, RIP-relative references. objdump walks in a
 * straight line, so it decodes data between functions as well; what it calls bad, or a prefix alone, is left out.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { decode } from '../../src/elf/x86/index.js';

interface Row {
  readonly at: number;
  readonly length: number;
  readonly address: bigint;
  readonly text: string;
}

const CHUNK = 1 << 20;
const LINE = /^ *([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)$/;
const NO_INSTRUCTION = /\(bad\)|^\.byte|^(?:(?:rex\S*|data16|addr32|lock|repz|repnz|[c-gs]s)\s*)+$/;
/**
 * What objdump shows as one instruction and the processor does not take for one: WAIT with the x87 instruction behind it,
 * VEX or EVEX after REX (refused), and branches with 66 (AMD reads 16 bits there, Intel 32: decode refuses them).
 * In compiled code none of these is met; in tables that lie between functions they are.
 */
const DISPUTED =
  /^(?:26|2e|36|3e|6[4-7]|f[023])*(?:9b.|4.(?:c4|c5|62)|66(?:f2|f3|2e)*(?:e8|e9|0f8))/;
const BRANCH =
  /^(?:(?:\S*bnd|notrack|data16|rex\S*|[c-gs]s|rep\S*) +)*(call|jmp|ret|j[a-z]+|loop\w*|leave|endbr64|push)[qw]?(?:,p[nt])?(?: +(?:0x)?([0-9a-f]+)(?: <.*)?$| |$)/;
const MASK = (1n << 64n) - 1n;

export class Comparison {
  instructions = 0;
  skipped = 0;
  readonly differences: string[] = [];
  count = 0;
  readonly #bytes = new Uint8Array(CHUNK);
  #used = 0;
  #rows: Row[] = [];

  async file(path: string): Promise<void> {
    const objdump = spawn('objdump', ['-d', '-w', '-z', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    for await (const line of createInterface({ input: objdump.stdout })) this.#line(line);
    this.#flush();
  }

  #line(line: string): void {
    const [, address, hex, text] = LINE.exec(line) ?? [];
    if (address === undefined || hex === undefined || text === undefined) return;
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const last = this.#rows.at(-1);
    const at = BigInt(`0x${address}`);
    const isNext = last === undefined || last.address + BigInt(last.length) === at;
    if (!isNext || this.#used + bytes.length > CHUNK) this.#flush();
    this.#rows.push({ at: this.#used, length: bytes.length, address: at, text });
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #flush(): void {
    const bytes = this.#bytes.subarray(0, this.#used);
    for (const row of this.#rows) this.#compare(bytes, row);
    this.#rows = [];
    this.#used = 0;
  }

  #compare(bytes: Uint8Array, row: Row): void {
    const hex = Buffer.from(bytes.subarray(row.at, row.at + row.length)).toString('hex');
    if (NO_INSTRUCTION.test(row.text) || DISPUTED.test(hex)) {
      this.skipped += 1;
      return;
    }
    this.instructions += 1;
    const difference = differs(bytes, row);
    if (difference === null) return;
    this.count += 1;
    const line = `${row.address.toString(16)} ${hex} ${row.text}: ${difference}`;
    if (this.differences.length < 50) this.differences.push(line);
  }
}

function differs(bytes: Uint8Array, row: Row): string | null {
  const one = decode(bytes, row.at);
  if (one === null) return 'not decoded';
  if (one.length !== row.length) return `length ${one.length}`;
  // Targets are taken from the index, because addresses above 2^53 are no numbers.
  const isAt = (told: string, found: number | null) =>
    found !== null && BigInt(`0x${told}`) === ((row.address + BigInt(found - row.at)) & MASK);
  const [, name, target] = BRANCH.exec(row.text) ?? [];
  if (name !== undefined && name !== 'push') {
    if (one.kind !== (/^j(?!mp)|^loop/.test(name) ? 'jcc' : name)) return `kind ${one.kind}`;
    if (target !== undefined && !isAt(target, one.target)) return `target ${one.target ?? 'none'}`;
  }
  const refers = /\(%[re]ip\).*# (?:0x)?([0-9a-f]+)/.exec(row.text)?.[1];
  if (refers !== undefined && !isAt(refers, one.refers)) return `refers ${one.refers ?? 'nowhere'}`;
  return null;
}
