import t from 'tap';
import { KernelError, peerOf } from '../../../src/kernel/index.js';

const refusal = (code: string) =>
  new KernelError({ message: code, code, errno: 1, operation: 'x', remedy: '' });

/** The calls, each giving a number or refusing with a code. */
const calls = (pid: number, peerPidfd: number | string, pidfdOpen: number | string = 'EIO') => {
  const asked: string[] = [];
  const answer = (name: string, what: number | string): number => {
    asked.push(name);
    if (typeof what === 'string') throw refusal(what);
    return what;
  };
  const posix = {
    peerCredentials: () => ({ pid, uid: 1, gid: 2 }),
    peerPidfd: () => answer('peerPidfd', peerPidfd),
    pidfdOpen: () => answer('pidfdOpen', pidfdOpen),
  };
  return { posix, asked };
};

t.test('a peer is its credentials and a pidfd', async (t) => {
  const { posix, asked } = calls(5, 9);
  t.same(peerOf(posix, 3), { pid: 5, uid: 1, gid: 2, pidfd: 9 });
  t.same(asked, ['peerPidfd']);
});

t.test('before Linux 6.5 the pidfd is that of the pid', async (t) => {
  const { posix, asked } = calls(5, 'ENOPROTOOPT', 8);
  t.match(peerOf(posix, 3), { pidfd: 8 });
  t.same(asked, ['peerPidfd', 'pidfdOpen']);
});

t.test('a process that is gone has no pidfd, nor has one that cannot be seen', async (t) => {
  for (const code of ['ESRCH', 'EINVAL']) {
    t.match(peerOf(calls(5, code).posix, 3), { pid: 5, pidfd: -1 });
    t.match(peerOf(calls(5, 'ENOPROTOOPT', code).posix, 3), { pidfd: -1 });
  }
  const { posix, asked } = calls(0, 9);
  t.same(peerOf(posix, 3), { pid: 0, uid: 1, gid: 2, pidfd: -1 });
  t.same(asked, []);
});

t.test('what the machine refuses is told, not taken for an end', async (t) => {
  t.throws(() => peerOf(calls(5, 'EMFILE').posix, 3), { code: 'EMFILE' });
  t.throws(() => peerOf(calls(5, 'ENOPROTOOPT', 'EMFILE').posix, 3), { code: 'EMFILE' });
  const odd = (): never => {
    throw new TypeError('odd');
  };
  t.throws(() => peerOf({ ...calls(5, 9).posix, peerPidfd: odd }, 3), TypeError);
});
