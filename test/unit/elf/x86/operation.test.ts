import { test } from 'tap';
import { decode, operationOf, type Operation } from '../../../../src/elf/x86/index.js';

function operation(text: string): Operation | null {
  const one = decode(Buffer.from(text, 'hex'), 0);
  if (one === null) throw new Error(`${text} is no instruction`);
  return operationOf(one);
}

const written = (...registers: number[]): Operation => ({
  does: 'write',
  registers,
  memory: false,
});
const STORED: Operation = { does: 'write', registers: [], memory: true };
const NOTHING: Operation = { does: 'nothing' };

test('what is copied, and how much of it', (t) => {
  t.same(operation('4889fb'), { does: 'copy', to: 3, from: 7, as: 'whole' }, 'mov rbx,rdi');
  t.same(
    operation('488bdf'),
    { does: 'copy', to: 3, from: 7, as: 'whole' },
    'mov rbx,rdi, the other way round',
  );
  t.same(operation('89d0'), { does: 'copy', to: 0, from: 2, as: 'zero_extended' }, 'mov eax,edx');
  t.same(
    operation('4863d2'),
    { does: 'copy', to: 2, from: 2, as: 'sign_extended' },
    'movsxd rdx,edx',
  );
  t.same(operation('63d2'), written(2), 'movsxd edx,edx');
  t.same(operation('488b07'), written(0), 'mov rax,[rdi]');
  t.same(operation('488907'), STORED, 'mov [rdi],rax');
  t.end();
});

test('constants and addresses', (t) => {
  t.same(operation('31c0'), { does: 'constant', to: 0, value: 0 }, 'xor eax,eax');
  t.same(operation('29c0'), { does: 'constant', to: 0, value: 0 }, 'sub eax,eax');
  t.same(operation('31d0'), written(0), 'xor eax,edx');
  t.same(operation('30c0'), written(0), 'xor al,al leaves the rest');
  t.same(operation('b8ffffffff'), { does: 'constant', to: 0, value: -1 }, 'mov eax,-1');
  t.same(operation('48c7c0ffffffff'), { does: 'constant', to: 0, value: -1 }, 'mov rax,-1');
  t.same(operation('48b80000000001000000'), written(0), 'more than 32 bits');
  t.same(operation('488d4c2408'), { does: 'address', to: 1, base: 4, by: 8 }, 'lea rcx,[rsp+8]');
  t.same(operation('488d0c97'), written(1), 'lea rcx,[rdi+rdx*4]');
  t.same(operation('8d4f08'), written(1), 'lea ecx,[rdi+8]');
  t.same(operation('488d0500000000'), written(0), 'lea rax,[rip]');
  t.same(operation('4883ec18'), { does: 'address', to: 4, base: 4, by: -24 }, 'sub rsp,24');
  t.same(operation('4883c418'), { does: 'address', to: 4, base: 4, by: 24 }, 'add rsp,24');
  t.same(operation('83ec18'), written(4), 'sub esp,24');
  t.same(operation('4883e4f0'), written(4), 'and rsp,-16');
  t.end();
});

test('the stack', (t) => {
  t.same(operation('4157'), { does: 'push' });
  t.same(operation('6a01'), { does: 'push' });
  t.same(operation('415f'), { does: 'pop', to: 15 });
  t.same(operation('c9'), { does: 'leave' });
  t.end();
});

test('what only looks at things', (t) => {
  const looks = [
    '85d2',
    '39d0',
    '3c01',
    '83f801',
    'a801',
    'a900000000',
    '48837f3000',
    'f644240801',
    '90',
    'f30f1efa',
    '0f1f00',
    '0fa3c2',
    '0f1802',
  ];
  for (const text of looks) t.same(operation(text), NOTHING, text);
  for (const text of ['0f2801', '0f57c0', '0f11c1'])
    t.same(operation(text), NOTHING, `${text} is of vectors`);
  t.same(operation('0f1101'), STORED, 'movups [rcx],xmm0');
  t.end();
});

test('what is computed is written, 8-bit registers by the name they have without REX as well', (t) => {
  const cases: readonly (readonly [string, Operation])[] = [
    ['01d0', written(0)],
    ['03c2', written(0)],
    ['0401', written(0)],
    ['02e0', written(4, 0)],
    ['0107', STORED],
    ['83c001', written(0)],
    ['830701', STORED],
    ['80c401', written(4, 0)],
    ['6bc203', written(0)],
    ['d1e0', written(0)],
    ['c1e002', written(0)],
    ['d027', STORED],
    ['f7d8', written(0)],
    ['f7e2', written(0, 2)],
    ['f6f2', written(0, 2)],
    ['ffc0', written(0)],
    ['fecc', written(4, 0)],
    ['c60701', STORED],
    ['c6c401', written(4, 0)],
    ['88e0', written(0)],
    ['8ac4', written(0)],
    ['b401', written(4, 0)],
    ['4898', written(0)],
    ['4899', written(2)],
    ['0f48c2', written(0)],
    ['0f94c4', written(4, 0)],
    ['0f9407', STORED],
    ['0fb6c0', written(0)],
    ['0fafc2', written(0)],
    ['0fc9', written(1)],
    ['c70701000000', STORED],
    ['c7c001000000', { does: 'constant', to: 0, value: 1 }],
  ];
  for (const [text, expected] of cases) t.same(operation(text), expected, text);
  t.end();
});

test('of all else nothing is claimed', (t) => {
  const unknown = [
    'e800000000',
    'ffd0',
    'c3',
    '7400',
    'eb00',
    '0f05',
    '0fa2',
    'f3a4',
    '87d1',
    '6689c2',
    'f20f10c1',
    '660fefc0',
    '6789d0',
    'f0480fc107',
    'c5f877',
    '0f3801c1',
    'c7f800000000',
    'ff30',
    '0fb1c1',
    '9d',
    'a5',
    'd9e8',
  ];
  for (const text of unknown) t.equal(operation(text), null, text);
  t.end();
});
