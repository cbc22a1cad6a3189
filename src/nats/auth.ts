import { credsAuthenticator, nkeyAuthenticator, tokenAuthenticator } from 'nats';
import type { Authenticator } from 'nats';
import { LinkFailure } from './failure.js';
import { readPublic, readSecret } from './secret-file.js';
import type { NatsSettings } from './settings.js';

/** PEM files of a TLS connection. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const SEED = /^SU[A-Z2-7]{56}$/;
const CREDENTIALS =
  /-----BEGIN NATS USER JWT-----\s*(\S+)\s*-+END NATS USER JWT-+[^]*-----BEGIN USER NKEY SEED-----\s*(\S+)\s*-+END USER NKEY SEED-+/;
const MAX_TOKEN = 4096;

/** Says who we are by what the file holds now; null: the server does not ask. Throws LinkFailure. */
export async function readAuthenticator(settings: NatsSettings): Promise<Authenticator | null> {
  const { credentialsFile, nkeyFile, tokenFile } = settings;
  if (credentialsFile !== null) {
    const bytes = await readSecret(credentialsFile);
    const [, , seed = ''] = CREDENTIALS.exec(bytes.toString('latin1')) ?? [];
    checkSeed(seed, `${credentialsFile} is no NATS credentials file`);
    return credsAuthenticator(bytes);
  }
  if (nkeyFile !== null) {
    const lines = (await readSecret(nkeyFile)).toString('latin1').split(/\s+/);
    const seed = lines.find((line) => line.startsWith('SU')) ?? '';
    checkSeed(seed, `${nkeyFile} holds no user nkey seed (SU...)`);
    return nkeyAuthenticator(Buffer.from(seed, 'latin1'));
  }
  if (tokenFile === null) return null;
  const token = (await readSecret(tokenFile)).toString('utf8').trim();
  if (token === '' || token.length > MAX_TOKEN || /\s/.test(token)) {
    throw new LinkFailure('auth', `${tokenFile} holds no token of one line`);
  }
  return tokenAuthenticator(token);
}

/** With a bad one the client would fail in the middle of its handshake. */
function checkSeed(seed: string, message: string): void {
  try {
    if (!SEED.test(seed)) throw new LinkFailure('auth', message);
    nkeyAuthenticator(Buffer.from(seed, 'latin1'))('nonce');
  } catch {
    throw new LinkFailure('auth', message);
  }
}

/** null: neither the settings nor the server's address ask for TLS. Throws LinkFailure. */
export async function readTls(settings: NatsSettings, server: string): Promise<TlsFiles | null> {
  const { ca, cert, key } = settings.tls;
  if (ca === null && cert === null && !server.startsWith('tls://')) return null;
  return {
    ...(ca === null ? {} : { ca: await readPublic(ca) }),
    ...(cert === null ? {} : { cert: await readPublic(cert) }),
    ...(key === null ? {} : { key: await readSecret(key) }),
  };
}
