import t from 'tap';
import {
  builtObjects,
  jumpTargets,
  OPCODE,
  readCode,
  type CodeSection,
  type Instruction,
} from './bpf-object.js';

/** Helpers by which a program could change what it watches; numbers of enum bpf_func_id in linux/bpf.h. */
const FORBIDDEN: Readonly<Record<number, string>> = {
  9: 'bpf_skb_store_bytes',
  36: 'bpf_probe_write_user',
  49: 'bpf_setsockopt',
  58: 'bpf_override_return',
  64: 'bpf_bind',
  109: 'bpf_send_signal',
  117: 'bpf_send_signal_thread',
};

const code = builtObjects().flatMap(readCode);

t.test('no program calls a helper that changes what it watches', async (t) => {
  t.ok(code.length > 0, 'there is code to read');
  t.same(code.flatMap(forbiddenCalls), []);
});

t.test(
  'every cgroup program is one function with one exit, whose value is the constant 1',
  async (t) => {
    const cgroup = code.filter((section) => section.section.startsWith('cgroup'));
    t.ok(cgroup.length > 0, 'there are cgroup programs');
    t.same(
      cgroup.flatMap(({ object, section, instructions }) =>
        whyNotNeutral(instructions).map((why) => `${object} ${section}: ${why}`),
      ),
      [],
    );
  },
);

t.test('these rules see what they are for', async (t) => {
  const ins = (op: number, imm = 0, off = 0, src = 0): Instruction => {
    return { code: op, dst: 0, src, off, imm };
  };
  const one = ins(0xb7, 1);
  const exit = ins(OPCODE.exit);
  t.same(whyNotNeutral([one, exit]), []);
  t.same(whyNotNeutral([ins(0x55, 0, 1), ins(0xbf), one, exit]), [], 'a jump to the constant');
  t.equal(whyNotNeutral([ins(0xb7, 0), exit]).length, 1, 'another value');
  t.equal(whyNotNeutral([one, exit, one, exit]).length, 1, 'two exits');
  t.equal(whyNotNeutral([ins(0x55, 0, 1), one, exit]).length, 1, 'a jump past the constant');
  t.equal(whyNotNeutral([ins(OPCODE.call, 4, 0, 1), one, exit]).length, 1, 'a second function');
  const calls = (imm: number, src = 0): CodeSection => {
    return { object: 'x', section: 'y', instructions: [ins(OPCODE.call, imm, 0, src)] };
  };
  t.equal(forbiddenCalls(calls(109)).length, 1);
  t.equal(forbiddenCalls(calls(1)).length, 0);
  t.equal(forbiddenCalls(calls(109, 1)).length, 0, 'an offset, not a helper');
});

function forbiddenCalls({ object, section, instructions }: CodeSection): string[] {
  return instructions
    .filter((i) => i.code === OPCODE.call && i.src === 0)
    .flatMap((i) => FORBIDDEN[i.imm] ?? [])
    .map((helper) => `${object} ${section} calls ${helper}`);
}

function whyNotNeutral(code: readonly Instruction[]): string[] {
  const exits = code.flatMap(({ code: op }, index) => (op === OPCODE.exit ? [index] : []));
  const at = exits[0] ?? 0;
  const before = code[at - 1];
  const constant =
    before !== undefined &&
    OPCODE.moveImmediate.some((op) => op === before.code) &&
    before.dst === 0 &&
    before.imm === 1;
  return [
    ...(exits.length === 1 ? [] : [`${String(exits.length)} exits`]),
    ...(constant ? [] : ['the value at the exit is not the constant 1']),
    ...(jumpTargets(code).has(at) ? ['a jump leads past the constant'] : []),
    ...(code.some((i) => i.code === OPCODE.call && i.src === 1) ? ['calls another function'] : []),
  ];
}
