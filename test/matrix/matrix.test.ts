import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startChild, type Command } from '../helpers/children.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind, type Line } from '../helpers/line.js';
import { makeNetworkNamespace, MODEL_HOSTS } from '../helpers/network-namespace.js';
import { account, readKernelSide } from '../helpers/recording.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';
import { makeWaitingShell, runSettled } from '../helpers/waiting-shell.js';
import { CLIENTS, type Client } from './clients.js';
import { judge, type Row, type Run } from './judge.js';
import { capturedOf } from './recorded.js';
import { answerTo, startMatrixServer } from './server.js';

const HOST = MODEL_HOSTS[1];
const MIB = 1024 * 1024;
/** Whoever has no probe by then will have none. */
const PROBE_MS = 12_000;
/** Of a finding that something is opaque: two seconds, and what it takes to get here. */
const FINDING_MS = 5000;
const only = process.env.MATRIX_ONLY?.split(',');
const clients = CLIENTS.filter(({ name }) => only?.some((one) => name.startsWith(one)) ?? true);

const blank = ({ name, stack, http, want }: Client): Omit<Row, 'outcome' | 'why'> => ({
  ...{ name, stack, http, want, version: '', sent: 0, received: 0 },
});

t.test(
  'every client is read, or it is said that it is not',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    t.setTimeout(600_000);
    const net = makeNetworkNamespace(t);
    const server = await startMatrixServer(t, net);
    const cert = String(server.trust['SSL_CERT_FILE']);
    const shell = makeWaitingShell(t);
    const file = join(scratchDirectory(t), 'recording');
    const place = makePlace(t, {
      agents: { signatures: false, rules: [{ id: 'test/matrix/client', match: { exe: [shell] } }] },
      sensor: { ring_bytes: { payload: 64 * MIB } },
    });
    const daemon = await startDaemon(t, place, '--record', file);
    const live = daemon.follow();
    const env = { ...process.env, ...server.trust, NODE_OPTIONS: undefined };
    const isKnown = (pid: number): boolean =>
      ofKind(live, 'agent').some(({ process }) => process?.pid === pid);

    /** The same program, which keeps its stack probed: what is read is in no race with when that begins. */
    async function hold(t: Test, client: Client): Promise<void> {
      const path = `/hold/${randomBytes(6).toString('hex')}`;
      const command = net.inside(client.command(t, { host: HOST, path, cert }));
      const script = 'read -r _ && exec "$@"';
      const child = startChild(t, [shell, '-c', script, 'sh', ...command], {
        stdio: ['pipe', 'ignore', 'ignore'],
        env,
      });
      const pid = child.pid ?? 0;
      await waitFor('the verdict', () => isKnown(pid));
      child.stdin?.write('go\n');
      const isRead = ({ process, coverage }: Line): boolean =>
        coverage?.state === 'plaintext' &&
        (process?.pid === pid || process?.chain.some((one) => one.pid === pid) === true);
      try {
        await waitFor('its probes', () => live.some(isRead), PROBE_MS);
      } catch {
        t.comment('it has no probes');
      }
    }

    /** One question, asked by an agent. */
    async function ask(t: Test, client: Client): Promise<Run> {
      const path = `/${randomBytes(12).toString('hex')}`;
      const command: Command = net.inside(client.command(t, { host: HOST, path, cert }));
      const { code, stdout, stderr } = await runSettled(t, shell, command, isKnown, { env });
      const answer = answerTo(path);
      t.equal(code, 0, `${stdout}${stderr}`);
      t.match(stdout, answer, 'it has the answer');
      const connection = await waitFor('the server', () =>
        server.seen.find(({ paths }) => paths.includes(path)),
      );
      t.equal(connection.sni, HOST);
      t.equal(connection.alpn === 'h2' ? '2' : '1.1', client.http, 'the version that is meant');
      return { client, host: HOST, path, answer, connection };
    }

    const runs: Run[] = [];
    for (const client of clients) {
      const title = `${client.name}, HTTP/${client.http}`;
      const reason = client.whyNot();
      if (reason !== null) {
        keep({ ...blank(client), outcome: 'not run', why: reason });
        t.pass(title, { skip: reason });
        continue;
      }
      await t.test(title, async (t) => {
        if (client.want === 'plaintext') await hold(t, client);
        runs.push(await ask(t, client));
      });
    }
    const opaque = runs.filter(({ client }) => client.want === 'opaque');
    await waitFor(
      'findings',
      () =>
        opaque.every(({ connection }) =>
          live.some(
            ({ net, finding }) =>
              finding?.rule === 'coverage.opaque_tls' && net?.src_port === connection.peer_port,
          ),
        ),
      FINDING_MS,
    ).catch(() => {
      t.comment('not every finding came in time');
    });
    t.equal(await daemon.stop(), 0);
    const recorded = readKernelSide(file);
    t.equal(account(recorded, 'payload').dropped, 0, 'nothing was lost');
    t.equal(recorded.accounting.payloadBytesForeign, 0, 'nothing of anybody else was copied');
    const captured = capturedOf(recorded.events);
    const lines = await readAll(t, place);
    for (const run of runs) {
      const row = judge(run, captured, lines);
      keep(row);
      t.equal(row.outcome, row.want, `${row.name}, HTTP/${row.http}: ${row.why}`);
    }
  },
);

/** Where scripts/matrix-table.mjs finds it. */
function keep(row: Row): void {
  const file = process.env.MATRIX_RESULTS;
  t.comment(JSON.stringify(row));
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
