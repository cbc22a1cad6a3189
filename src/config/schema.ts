import { isIP } from 'node:net';
import { z } from 'zod';
import { gateway, publish } from './nats-schema.js';
import { absolutePath, wholeNumber } from './values.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const glob = z.string().min(1, 'must not be empty').max(1024, 'is longer than 1024 characters');
const globs = z.array(glob).min(1, 'needs at least one glob').max(64, 'has more than 64 entries');
const ringBytes = (fallback: number): z.ZodDefault<z.ZodNumber> =>
  wholeNumber(64 * KIB, 1024 * MIB)
    .refine((n) => (n & (n - 1)) === 0, 'must be a power of two')
    .default(fallback);

const isPort = (text: string): boolean =>
  /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;

const isCidr = (text: string): boolean => {
  const [address = '', bits = '', ...rest] = text.split('/');
  const family = isIP(address);
  return (
    rest.length === 0 &&
    family !== 0 &&
    /^\d{1,3}$/.test(bits) &&
    Number(bits) <= (family === 4 ? 32 : 128)
  );
};

const isHostGlob = (text: string): boolean =>
  /^[A-Za-z0-9*?._:-]+$/.test(text) && !/^\d+$/.test(text);

const isExemption = (text: string): boolean =>
  text.length <= 255 && (isPort(text) || (text.includes('/') ? isCidr(text) : isHostGlob(text)));

const isListenAddress = (text: string): boolean => {
  const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(text) ?? [];
  const bracketed = /^\[(.*)\]$/.exec(address)?.[1];
  return isPort(port) && (bracketed === undefined ? isIP(address) === 4 : isIP(bracketed) === 6);
};

/** YAML reads a bare port as a number. */
const exemption = z.preprocess(
  (value) => (Number.isInteger(value) ? String(value) : value),
  z.string().refine(isExemption, 'is none of: loopback, dns, a host glob, a CIDR, a port'),
);

const exempt = z.array(exemption).max(256, 'has more than 256 entries');

const requirement = z.enum(['required', 'optional', 'none']);

/** What a rule leaves out is as `governance.default` has it. */
const ruleGovernance = z
  .strictObject({
    proxy: requirement.optional(),
    sdk: requirement.optional(),
    exempt: exempt.optional(),
  })
  .prefault({});

const match = z
  .strictObject({
    exe: globs.optional(),
    argv: globs.optional(),
    user: globs.optional(),
    cgroup: globs.optional(),
    unit: globs.optional(),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not the name of a variable'),
        glob,
      )
      .optional(),
    file: z
      .array(z.string().regex(/^\d{1,10}:\d{1,10}:\d{1,20}$/, 'must be major:minor:inode'))
      .min(1, 'needs at least one file')
      .max(64, 'has more than 64 entries')
      .optional(),
    sha256: z
      .array(z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'))
      .min(1, 'needs at least one digest')
      .max(64, 'has more than 64 entries')
      .optional(),
    build_id: z
      .array(z.string().regex(/^[0-9a-f]{8,128}$/, 'must be lower-case hexadecimal digits'))
      .min(1, 'needs at least one build id')
      .max(64, 'has more than 64 entries')
      .optional(),
  })
  .refine(
    (m) => Object.values(m).some((v) => v !== undefined && Object.keys(v).length > 0),
    'needs at least one of: exe, argv, user, cgroup, unit, env, file, sha256, build_id',
  );

/** A socket's address has 107 bytes (unix(7)), and the longest name in this directory is governance.sock. */
const RUN_DIR_BYTES = 107 - '/governance.sock'.length;

export const fitsSocket = (runDir: string): boolean => Buffer.byteLength(runDir) <= RUN_DIR_BYTES;
export const TOO_LONG_FOR_SOCKET = `is longer than ${RUN_DIR_BYTES} bytes: a socket in it has no address`;

const AGENT_ID = /^[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}$/;

const rule = z.strictObject({
  id: z
    .string()
    .regex(AGENT_ID, 'must be org/team/agent, each of letters, digits, dot, dash and underscore')
    .refine((id) => !id.startsWith('unregistered/'), 'the organisation "unregistered" is reserved'),
  match,
  governance: ruleGovernance,
});

const rules = z
  .array(rule)
  .max(256, 'has more than 256 rules')
  .superRefine((list, context) => {
    const seen = new Set<string>();
    list.forEach(({ id }, index) => {
      if (seen.has(id)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'id'],
          message: `"${id}" is given twice`,
        });
      }
      seen.add(id);
    });
  });

const proxy = z.strictObject({
  listen: z
    .string()
    .refine(isListenAddress, 'must be address:port, IPv6 in brackets, such as 127.0.0.1:8899'),
  user: z.string().min(1, 'must not be empty').max(64).nullable().default(null),
  exe: absolutePath.nullable().default(null),
});

/** Every key has a default: an empty document is valid. Keys are those of the file. */
export const configSchema = z.strictObject({
  node: z
    .strictObject({
      name: z
        .string()
        .regex(
          /^[A-Za-z0-9._-]{1,64}$/,
          'must be auto or up to 64 letters, digits, dots, dashes, underscores',
        )
        .default('auto'),
      tenant: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be up to 64 letters, digits, dashes, underscores')
        .default('default'),
    })
    .prefault({}),
  state_dir: absolutePath.default('/var/lib/watchfloor'),
  run_dir: absolutePath.refine(fitsSocket, TOO_LONG_FOR_SOCKET).default('/run/watchfloor'),
  pin_dir: absolutePath.default('/sys/fs/bpf/watchfloor'),
  agents: z
    .strictObject({
      signatures: z.boolean().default(true),
      inference: z.boolean().default(true),
      rules: rules.default([]),
    })
    .prefault({}),
  governance: z
    .strictObject({
      default: z
        .strictObject({
          proxy: requirement.default('none'),
          sdk: requirement.default('none'),
          exempt: exempt.default(['loopback', 'dns']),
        })
        .prefault({}),
      proxies: z.array(proxy).max(64, 'has more than 64 entries').default([]),
      window_ms: wholeNumber(100, 60_000).default(2000),
      model_hosts: z.array(glob).max(1024, 'has more than 1024 entries').default([]),
    })
    .prefault({}),
  capture: z
    .strictObject({
      // More than metadata is kept nowhere yet, so nothing else may be asked for.
      level: z.enum(['metadata']).default('metadata'),
      max_message_bytes: wholeNumber(KIB, 4 * MIB).default(MIB),
    })
    .prefault({}),
  sensor: z
    .strictObject({
      ring_bytes: z
        .strictObject({
          lifecycle: ringBytes(MIB),
          network: ringBytes(4 * MIB),
          payload: ringBytes(16 * MIB),
        })
        .prefault({}),
      wake_bytes: wholeNumber(4 * KIB, 16 * MIB).default(256 * KIB),
      pin: z.boolean().default(true),
      max_processes: wholeNumber(1024, 1_048_576).default(65_536),
    })
    .prefault({}),
  guard: z.strictObject({ syscalls: z.boolean().default(false) }).prefault({}),
  policy: z.strictObject({ files: z.array(absolutePath).max(256).default([]) }).prefault({}),
  journal: z
    .strictObject({
      max_bytes: wholeNumber(64 * MIB, 2 ** 46).default(2 * 1024 * MIB),
      max_age_days: wholeNumber(1, 36_500).default(90),
    })
    .prefault({}),
  publish,
  gateway,
});

/** The checked configuration, with the names of the file. */
export type Config = z.infer<typeof configSchema>;

/** The keys an object at `path` may have, for the suggestion beside an unknown one. */
export const knownKeys = (path: readonly PropertyKey[]): readonly string[] => {
  let schema: unknown = configSchema;
  for (const step of path) {
    const inner = unwrap(schema);
    if (inner instanceof z.ZodArray) schema = inner.element;
    else if (inner instanceof z.ZodObject)
      schema = (inner.shape as Record<PropertyKey, unknown>)[step];
    else return [];
  }
  const object = unwrap(schema);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
};

const unwrap = (schema: unknown): unknown => {
  let inner = schema;
  while (
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable
  ) {
    inner = inner.unwrap();
  }
  return inner;
};
