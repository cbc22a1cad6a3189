import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as nats from 'nats';
import t from 'tap';
import { NatsLink } from '../../../src/nats/index.js';
import type { NatsSettings } from '../../../src/nats/index.js';
import { fakeServer, infoLine } from '../../helpers/fake-nats.js';
import { natsSettings } from '../../helpers/nats-link.js';
import { startNatsServer } from '../../helpers/nats-server.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

const dir = scratchDirectory(t);
const at = (name: string): string => join(dir, name);
const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
};

/** An authority, and certificates of it for a name. */
function makeAuthority(name: string): void {
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2'],
  );
}

function makeCertificate(name: string, authority: string, alternative: string): void {
  writeFileSync(at(`${name}.ext`), `subjectAltName=${alternative}\n`);
  openssl(
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
  );
  openssl(
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${authority}.pem`, '-CAcreateserial'],
    ...[
      '-CAkey',
      `${authority}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-extfile',
      `${name}.ext`,
    ],
  );
}

/** The package's types of these come from a package that is not there. */
const { createUser } = nats.nkeys as {
  readonly createUser: () => { getPublicKey(): string; getSeed(): Uint8Array };
};

makeAuthority('ca');
makeAuthority('stranger');
makeCertificate('server', 'ca', 'IP:127.0.0.1');
makeCertificate('localhost', 'ca', 'DNS:localhost');
makeCertificate('client', 'ca', 'DNS:node');

const tlsConfig = (name: string, verify = false): string =>
  `tls { cert_file: "${at(`${name}.pem`)}", key_file: "${at(`${name}.key`)}", ca_file: "${at('ca.pem')}", verify: ${verify} }`;

type Trial = Omit<Partial<NatsSettings>, 'tls'> & { readonly tls?: Partial<NatsSettings['tls']> };

/** A link that a test may end; what the settings leave out is as without secrets. */
function open(t: Tap, url: string, { tls = {}, ...more }: Trial): NatsLink {
  const settings = natsSettings([url]);
  const link = NatsLink.open({ ...settings, ...more, tls: { ...settings.tls, ...tls } });
  t.teardown(() => link.close());
  return link;
}
type Tap = Parameters<typeof scratchDirectory>[0];

const connected = (link: NatsLink): Promise<unknown> =>
  waitFor('the connection', () => {
    if (link.lastError !== null) throw new Error(link.lastError);
    return link.state === 'connected';
  });

t.test('TLS is used when the address, an authority or the server asks for it', async (t) => {
  const server = await startNatsServer(t, { config: tlsConfig('server'), scheme: 'tls' });
  await connected(open(t, server.url, { tls: { ca: at('ca.pem') } }));
  await connected(open(t, server.url.replace('tls:', 'nats:'), { tls: { ca: at('ca.pem') } }));
  for (const [settings, what] of [
    [{ tls: { ca: at('stranger.pem') } }, /^tls: /],
    [{}, /^tls: /],
    [{ tls: { ca: at('missing.pem') } }, /^tls: .*cannot be read/],
  ] as const) {
    const link = open(t, server.url, settings);
    await waitFor('the refusal', () => link.lastError);
    t.match(link.lastError, what);
    t.not(link.state, 'connected');
  }
});

t.test('a certificate of another name than the address is refused', async (t) => {
  const server = await startNatsServer(t, { config: tlsConfig('localhost') });
  const link = open(t, server.url, { tls: { ca: at('ca.pem') } });
  await waitFor('the refusal', () => link.lastError);
  t.match(link.lastError, /^tls: .*127\.0\.0\.1/);
});

t.test('a server that offers no TLS is not talked to when TLS is wanted', async (t) => {
  const server = await startNatsServer(t);
  for (const url of [server.url, server.url.replace('nats:', 'tls:')]) {
    const link = open(t, url, { tls: url.startsWith('tls') ? {} : { ca: at('ca.pem') } });
    await waitFor('the refusal', () => link.lastError);
    t.equal(link.lastError, 'tls: the server offers no TLS');
  }
});

t.test('what is said before TLS is not taken for what is said after it', async (t) => {
  const url = await fakeServer(t, (socket) => {
    socket.write(`${infoLine({ tls_required: true })}PING\r\n`);
  });
  const link = open(t, url, { tls: { ca: at('ca.pem') } });
  await waitFor('the refusal', () => link.lastError);
  t.equal(link.lastError, 'protocol: more than an INFO came');
});

t.test('mutual TLS: the server knows the node by its certificate', async (t) => {
  const server = await startNatsServer(t, { config: tlsConfig('server', true), scheme: 'tls' });
  const ca = at('ca.pem');
  await connected(
    open(t, server.url, { tls: { ca, cert: at('client.pem'), key: at('client.key') } }),
  );
  const link = open(t, server.url, { tls: { ca } });
  await waitFor('the refusal', () => link.lastError);
  t.not(link.state, 'connected');
});

t.test('an nkey signs what the server asks', async (t) => {
  const pair = createUser();
  writeFileSync(at('user.nk'), `# a comment\n${Buffer.from(pair.getSeed()).toString()}\n`, {
    mode: 0o600,
  });
  const users = `authorization { users: [{ nkey: "${pair.getPublicKey()}" }] }`;
  const server = await startNatsServer(t, { config: users });
  await connected(open(t, server.url, { nkeyFile: at('user.nk') }));
  const link = open(t, server.url, {});
  await waitFor('the refusal', () => link.lastError);
  t.match(link.lastError, /^auth: /);
});
