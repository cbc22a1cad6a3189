import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import ts from 'typescript';
import { followJson, startChild, withoutRunner, type Command } from '../helpers/children.js';
import { openGovernanceDoor } from '../helpers/governance-door.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

/** What a driver of test/fixtures/clients printed. */
interface Line {
  readonly result?: unknown;
  readonly last?: string | null;
  readonly error?: string;
  readonly code?: string;
}

const built = scratchDirectory(t);
const DRIVERS = resolve('test/fixtures/clients');

/** As a user compiles it. */
const typescript = (): Command => {
  const file = join(built, 'watchfloor.mjs');
  const source = readFileSync('clients/typescript/watchfloor.ts', 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  writeFileSync(file, outputText);
  return [process.execPath, join(DRIVERS, 'driver.mjs'), file];
};

const python = (): Command => ['python3', join(DRIVERS, 'driver.py'), resolve('clients/python')];

/** A module that takes the client from this checkout; nothing is fetched. */
const go = (): Command => {
  const dir = join(built, 'go');
  mkdirSync(dir);
  writeFileSync(
    join(dir, 'go.mod'),
    `module driver\n\ngo 1.19\n\nrequire watchfloor v0.0.0\n\nreplace watchfloor => ${resolve('clients/go')}\n`,
  );
  writeFileSync(join(dir, 'main.go'), readFileSync(join(DRIVERS, 'driver.go')));
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', GOTOOLCHAIN: 'local' };
  try {
    const cache = { GOCACHE: resolve('build/go-cache') };
    execFileSync('go', ['build', '-o', 'driver', '.'], { cwd: dir, env: { ...env, ...cache } });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? new Error('there is no go: run scripts/install-go') : error;
  }
  return [join(dir, 'driver')];
};

const CLIENTS = { typescript, python, go };

/** A client that is asked a line at a time. */
const drive = (t: Test, command: Command, mode: 'plain' | 'optional', socketPath: string) => {
  const env = { ...process.env, WATCHFLOOR_GOVERNANCE_SOCKET: socketPath };
  const child = startChild(t, withoutRunner([...command, mode] as unknown as Command), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env,
  });
  const lines = followJson<Line>(child);
  let asked = 0;
  const ask = async (call: object): Promise<Line> => {
    const at = asked++;
    child.stdin?.write(`${JSON.stringify(call)}\n`);
    return waitFor('the client', () => lines[at]);
  };
  return { ask, pid: child.pid ?? 0 };
};

/** Something else at the socket. */
const impostor = async (t: Test, answer: string | null): Promise<string> => {
  const path = join(scratchDirectory(t), 'governance.sock');
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (answer !== null) socket.end(answer);
    t.teardown(() => socket.destroy());
  });
  await new Promise<void>((done) => {
    server.listen(path, () => {
      done();
    });
  });
  t.teardown(() => {
    server.close();
  });
  return path;
};

const DECLARE = { call: 'declare', action: 'llm' };

for (const [language, build] of Object.entries(CLIENTS)) {
  t.test(`the ${language} client`, async (t) => {
    const command = build();

    t.test('says who it is and what it does, and only of itself', async (t) => {
      const { path, records, registrations } = await openGovernanceDoor(t);
      const { ask, pid } = drive(t, command, 'plain', path);
      const agent = 'acme/payments/bot';
      t.same(await ask({ call: 'register', agent }), {
        result: { id: agent, session: 'session-1' },
        last: null,
      });
      t.match(await ask({ call: 'register', agent, name: 'Käfer "7"' }), { last: null });
      t.match(registrations, [
        { agent, name: null, uid: process.getuid?.(), key: { tgid: pid } },
        { agent, name: 'Käfer "7"', key: { tgid: pid } },
      ]);
      const details = { host: 'api.openai.com', port: 443, tool: 't', span: 's', valid_for_ms: 5 };
      const { result } = await ask({ call: 'declare', action: 'connect', details });
      t.match(await ask(DECLARE), { result: /^\d+$/ });
      t.match(await ask({ ...DECLARE, call: 'declared' }), { result: 'body' });
      const nothing = { host: null, port: null, tool: null, span: null, validForMs: 30_000 };
      t.match(records, [
        { ...{ layer: 'sdk', agent: null, process: { tgid: pid }, action: 'connect' } },
        { ...nothing, action: 'llm', process: { tgid: pid } },
        { ...nothing, action: 'llm' },
      ]);
      t.match(records[0], { ...details, valid_for_ms: undefined, validForMs: 5 });
      t.equal(result, String(records[0]?.at));
    });

    t.test('tells a refusal in the words of the daemon, and goes on', async (t) => {
      const { path } = await openGovernanceDoor(t);
      const { ask } = drive(t, command, 'plain', path);
      t.match(await ask({ ...DECLARE, action: 'dance' }), {
        code: 'refused',
        error: 'action must be one of: exec, connect, llm, tool',
      });
      t.match(await ask({ ...DECLARE, details: { port: -1 } }), { code: 'refused', error: /port/ });
      t.match(await ask({ call: 'register', agent: 'nobody' }), { code: 'refused' });
      t.match(await ask({ ...DECLARE, details: { span: 'x'.repeat(100_000) } }), {
        code: 'refused',
        error: 'a message has at most 8192 bytes',
      });
      t.match(await ask(DECLARE), { result: /^\d+$/ });
    });

    t.test('has one kind of error for whatever is there instead of a daemon', async (t) => {
      const nowhere = join(scratchDirectory(t), 'none.sock');
      const cases: readonly (readonly [string, string])[] = [
        [nowhere, 'unavailable'],
        [`/${'x'.repeat(200)}`, 'unavailable'],
        [await impostor(t, null), 'unavailable'],
        [await impostor(t, ''), 'unavailable'],
        [await impostor(t, 'half'), 'unavailable'],
        [await impostor(t, 'HTTP/1.1 400 Bad Request\r\n\r\n'), 'protocol'],
        [await impostor(t, '{"ok":true}\n'), 'protocol'],
        [await impostor(t, '[]\n'), 'protocol'],
        [await impostor(t, 'x'.repeat(200_000)), 'protocol'],
      ];
      for (const [path, code] of cases) {
        const plain = drive(t, command, 'plain', path);
        t.match(await plain.ask(DECLARE), { code }, `${code} ${path}`);
      }
    });

    t.test('when it is optional, never stands in the way', async (t) => {
      for (const path of [join(scratchDirectory(t), 'none.sock'), await impostor(t, null)]) {
        const { ask } = drive(t, command, 'optional', path);
        const nothing = { result: null, last: 'unavailable' };
        t.same(await ask({ call: 'register', agent: 'a/b/c' }), nothing);
        t.same(await ask(DECLARE), nothing);
        t.same(await ask({ ...DECLARE, call: 'declared' }), {
          result: 'body',
          last: 'unavailable',
        });
      }
    });
  });
}
