import type { Line } from '../helpers/line.js';
import { bytesOf, type Captured } from './recorded.js';
import type { Client } from './clients.js';
import type { Connection } from './server.js';

/** A row of the table. */
export interface Row {
  readonly name: string;
  readonly version: string;
  readonly stack: string;
  readonly http: string;
  readonly want: Client['want'];
  /** `silent`: neither all of its plaintext nor a finding that says so. */
  readonly outcome: 'plaintext' | 'opaque' | 'silent' | 'not run';
  /** Bytes of plaintext from and to the client, each equal to what the server saw. */
  readonly sent: number;
  readonly received: number;
  /** What is not as it should be, or why it was not run. */
  readonly why: string;
}

/** Everything that is known of one run. */
export interface Run {
  readonly client: Client;
  readonly host: string;
  readonly path: string;
  readonly answer: string;
  readonly connection: Connection;
}

type Told = Line & { readonly tls?: { readonly sni?: string; readonly coverage?: string } };

/** Plaintext of both directions, byte for byte and on the right flow; or exactly one finding with the right name. */
export function judge(run: Run, captured: readonly Captured[], lines: readonly Line[]): Row {
  const { client, connection } = run;
  const findings = lines.filter((line) => isOf(line, connection, 'coverage.opaque_tls')) as Told[];
  const { wrong, sent, received } = compare(run, captured);
  wrong.push(...inJournal(run, lines));
  const row = {
    ...{ name: client.name, version: client.version(), stack: client.stack, http: client.http },
    ...{ want: client.want, sent: 0, received: 0 },
  };
  const names = findings.map(({ tls }) => tls?.sni ?? '');
  if (findings.length === 0) {
    return wrong.length === 0
      ? { ...row, outcome: 'plaintext', sent, received, why: '' }
      : { ...row, outcome: 'silent', why: wrong.join('; ') };
  }
  const isRight = names.length === 1 && names[0] === run.host;
  const why = `${names.length} findings, of ${names.join(', ')}`;
  if (!isRight) return { ...row, outcome: 'silent', why };
  // Plaintext, and a finding that says there is none: one of the two is not true.
  const both = wrong.length === 0 ? 'all of its plaintext was read as well' : '';
  return { ...row, outcome: both === '' ? 'opaque' : 'silent', why: both };
}

function isOf(line: Line, { peer_ip, peer_port }: Connection, rule: string): boolean {
  const { net, finding } = line;
  return finding?.rule === rule && net?.src_ip === peer_ip && net.src_port === peer_port;
}

/** Against what the server had before and behind its TLS. */
function compare({ connection, path, answer }: Run, captured: readonly Captured[]) {
  const wrong: string[] = [];
  const truth = {
    write: Buffer.from(connection.received, 'base64'),
    read: Buffer.from(connection.sent, 'base64'),
  };
  const nonce = { write: `body of ${path}`, read: answer };
  const counts = { write: 0, read: 0 };
  for (const direction of ['write', 'read'] as const) {
    const bytes = bytesOf(captured, connection.peer_port, direction);
    if (bytes === null) {
      wrong.push(`${direction}: some is missing`);
      continue;
    }
    // A last frame may be written by one side and not be read by the other any more.
    const common = Math.min(bytes.length, truth[direction].length);
    const isSame = bytes.subarray(0, common).equals(truth[direction].subarray(0, common));
    if (bytes.length === 0) wrong.push(`${direction}: nothing was captured on its flow`);
    else if (!isSame) wrong.push(`${direction}: not what the server saw`);
    else if (!bytes.includes(nonce[direction])) wrong.push(`${direction}: without the nonce`);
    counts[direction] = bytes.length;
  }
  return { wrong, sent: counts.write, received: counts.read };
}

/** What the journal says of it: the session with its name, and the request. */
function inJournal({ connection, host, path }: Run, lines: readonly Line[]): string[] {
  const mine = (lines as readonly Told[]).filter(
    ({ net }) => net?.src_ip === connection.peer_ip && net.src_port === connection.peer_port,
  );
  const sessions = mine.filter(({ kind }) => kind === 'tls_session');
  const wrong: string[] = [];
  if (sessions.length !== 1) {
    const pids = sessions.map(({ process }) => process?.pid).join();
    wrong.push(`${sessions.length} sessions in the journal, of ${pids}`);
  }
  if (sessions.some(({ tls }) => tls?.sni !== host)) wrong.push('a session with another name');
  const asked = mine.filter(({ kind, http }) => kind === 'http' && http?.path === path);
  if (asked.length !== 1) wrong.push(`${asked.length} requests in the journal`);
  else if (asked[0]?.http?.status !== 200 || asked[0].http.host !== host) {
    wrong.push(`a request of ${asked[0]?.http?.host} with status ${asked[0]?.http?.status}`);
  }
  return wrong;
}
