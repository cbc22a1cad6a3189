import { z } from 'zod';
import { absolutePath, optionalPath, wholeNumber } from './values.js';

/** A user and a password in a URL would stand in logs and in the process list. */
const natsServer = z
  .string()
  .max(1024, 'is longer than 1024 characters')
  .regex(
    /^(nats:\/\/|tls:\/\/)?[A-Za-z0-9._:[\]-]+$/,
    'must be nats://host:port or tls://host:port, without user or password',
  );

const nats = z
  .strictObject({
    servers: z.array(natsServer).max(64, 'has more than 64 entries').default([]),
    credentials_file: optionalPath,
    nkey_file: optionalPath,
    token_file: optionalPath,
    tls: z.strictObject({ ca: optionalPath, cert: optionalPath, key: optionalPath }).prefault({}),
  })
  .refine(
    (n) => [n.credentials_file, n.nkey_file, n.token_file].filter((f) => f !== null).length <= 1,
    'takes one of: credentials_file, nkey_file, token_file',
  )
  .refine((n) => (n.tls.cert === null) === (n.tls.key === null), 'tls.cert and tls.key go together')
  .prefault({});

/** C2SP verifier key: name, key id in hex, and type and key in base64. */
const verifierKey = z
  .string()
  .max(1024, 'is longer than 1024 characters')
  .regex(
    /^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/,
    'must be a verifier key such as: watchfloor gateway --key prints it',
  );

/** Where records go. */
export const publish = z
  .strictObject({
    nats,
    gateway_key: verifierKey.nullable().default(null),
    agent_assembly: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
  })
  .prefault({});

/** For `watchfloor gateway` only. */
export const gateway = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be up to 64 letters, digits, dashes, underscores')
      .default('gateway'),
    state_dir: absolutePath.default('/var/lib/watchfloor-gateway'),
    nats,
    silent_after_s: wholeNumber(5, 86_400).default(15),
    gap_after_s: wholeNumber(1, 86_400).default(30),
    // Several gateways share the nodes: each takes those whose hash falls to it.
    shard: z
      .strictObject({ index: wholeNumber(0, 255).default(0), of: wholeNumber(1, 256).default(1) })
      .refine((shard) => shard.index < shard.of, 'index must be less than of')
      .prefault({}),
  })
  .prefault({});
