import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import t from 'tap';
import { runCommand } from '../helpers/children.js';
import type { Command } from '../helpers/children.js';
import { openGovernanceDoor } from '../helpers/governance-door.js';

const DECLARE = '{"v":1,"type":"declare","action":"tool"}\n';
const REGISTER = '{"v":1,"type":"register","agent":"a/b/c"}\n';

/** A process of its own, which tells its pid first and then what it heard. */
const python = (body: string, ...args: string[]): Command => [
  'python3',
  '-c',
  `import os, socket, sys
print(os.getpid(), flush=True)
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(20)
def say(text):
    connection.sendall(text.encode())
    print(connection.recv(4096).decode(), end='', flush=True)
${body}`,
  ...args,
];

const answers = (stdout: string): string[] => stdout.trim().split('\n').slice(1);

t.test('the kernel says who speaks, and as whom', async (t) => {
  const { path, registrations, records, door } = await openGovernanceDoor(t);
  // Whoever may become somebody else does: what counts is who it is when it connects.
  const body = `
os.chmod(os.path.dirname(sys.argv[1]), 0o711)
if os.getuid() == 0: os.setuid(65534)
connection.connect(sys.argv[1])
say(sys.argv[2])
say(sys.argv[3])`;
  const { pid, stdout, stderr } = await runCommand(t, python(body, path, REGISTER, DECLARE));
  t.match(answers(stdout), [/"ok":true/, /"ok":true/], stderr);
  const uid = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
  t.match(registrations, [{ uid, agent: 'a/b/c', key: { tgid: pid } }]);
  t.match(records, [{ process: registrations[0]?.key, agent: null, layer: 'sdk' }]);
  t.match(door.stats(), { messages: 2, unidentified: 0 });
});

t.test('who inherits a connection speaks for whoever made it, and not after its end', async (t) => {
  const { path, records, door } = await openGovernanceDoor(t);
  const body = `
connection.connect(sys.argv[1])
heard, told = os.pipe()
if os.fork() == 0:
    say(sys.argv[2])
    os.write(told, b'.')
    sys.stdin.readline()
    say(sys.argv[2])
    os._exit(0)
os.read(heard, 1)`;
  const { pid, stdout } = await runCommand(t, python(body, path, DECLARE), {
    stdio: ['pipe', 'pipe', 'pipe'],
    begun: async (child) => {
      await once(child, 'exit');
      child.stdin?.end('\n');
    },
  });
  t.match(answers(stdout), [/"ok":true/, /could not be identified: it has ended/]);
  t.match(records, [{ process: { tgid: pid } }]);
  t.equal(records.length, 1);
  t.equal(door.stats().unidentified, 1);
});

t.test('a connection keeps no descriptor when it ends', async (t) => {
  const { path, door } = await openGovernanceDoor(t);
  const body = `
for _ in range(200):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    say(sys.argv[2])
    connection.close()`;
  const before = readdirSync('/proc/self/fd').length;
  const { stdout } = await runCommand(t, python(body, path, DECLARE));
  t.equal(answers(stdout).filter((line) => line.includes('"ok":true')).length, 200);
  t.equal(door.stats().accepted, 200);
  t.ok(readdirSync('/proc/self/fd').length < before + 20);
});
