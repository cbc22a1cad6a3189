import { isIP } from 'node:net';
import { join } from 'node:path';
import type { GovernanceRecord } from '../event/index.js';

export const PROTOCOL_VERSION = 1;

/** A message is one line; its newline does not count. */
export const MAX_MESSAGE_BYTES = 8192;

/** How long a declaration holds where it does not say. */
export const DEFAULT_VALID_MS = 30_000;
export const MAX_VALID_MS = 3_600_000;

export const governanceSocketPath = (runDir: string): string => join(runDir, 'governance.sock');

/** What a process says it is about to do; who says it, and when, is not in the message. */
export type Declaration = Pick<
  GovernanceRecord,
  'action' | 'host' | 'port' | 'tool' | 'span' | 'validForMs'
>;

export type Message =
  | { readonly type: 'register'; readonly agent: string; readonly name: string | null }
  | { readonly type: 'declare'; readonly declaration: Declaration };

export type ParsedMessage =
  { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly error: string };

type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with a message, in words for whoever sent it. */
class Invalid extends Error {}

const KEYS = {
  register: ['v', 'type', 'agent', 'name'],
  declare: ['v', 'type', 'action', 'host', 'port', 'tool', 'span', 'valid_for_ms'],
} as const;

const ACTIONS = ['exec', 'connect', 'llm', 'tool'] as const;

/** As in the configuration's rules. */
const AGENT_ID = /^[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}$/;

/** RFC 1123, with the underscore that real names have, and the dot of a name that is complete. */
const HOST_NAME = /^(?=.{1,253}\.?$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/;

/** UTF-16 units. */
const MAX_TEXT = 128;
const MAX_NAME = 64;

/** Line breaks, controls, and what is not seen or turns the line around (bidi, zero width). */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** One line of a client, without its newline. Never throws. */
export const parseMessage = (line: Buffer): ParsedMessage => {
  try {
    return { ok: true, message: read(line) };
  } catch (error) {
    if (error instanceof Invalid) return { ok: false, error: error.message };
    throw error;
  }
};

const read = (line: Buffer): Message => {
  const fields = readObject(line);
  if (fields['v'] !== PROTOCOL_VERSION) throw new Invalid(`v must be ${PROTOCOL_VERSION}`);
  const { type } = fields;
  if (type !== 'register' && type !== 'declare') {
    throw new Invalid('type must be one of: register, declare');
  }
  const known: readonly string[] = KEYS[type];
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const shown = JSON.stringify(unknown.slice(0, 40));
    throw new Invalid(`${shown} is no key of ${type}; there are: ${known.join(', ')}`);
  }
  return type === 'register' ? readRegister(fields) : readDeclare(fields);
};

const readObject = (line: Buffer): Fields => {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    throw new Invalid('the message is not JSON in UTF-8');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Invalid('the message is not an object');
  }
  return body as Fields;
};

const readRegister = (fields: Fields): Message => {
  const { agent } = fields;
  if (typeof agent !== 'string' || !AGENT_ID.test(agent)) {
    throw new Invalid(
      'agent must be org/team/agent, each of 1 to 64 letters, digits, dot, dash and underscore',
    );
  }
  if (agent.startsWith('unregistered/')) {
    throw new Invalid('the organisation "unregistered" is reserved');
  }
  return { type: 'register', agent, name: readText(fields, 'name', MAX_NAME) };
};

const readDeclare = (fields: Fields): Message => {
  const action = ACTIONS.find((known) => known === fields['action']);
  if (action === undefined) throw new Invalid(`action must be one of: ${ACTIONS.join(', ')}`);
  const declaration = {
    action,
    host: readHost(fields),
    port: readInteger(fields, 'port', 65_535),
    tool: readText(fields, 'tool'),
    span: readText(fields, 'span'),
    validForMs: readInteger(fields, 'valid_for_ms', MAX_VALID_MS) ?? DEFAULT_VALID_MS,
  };
  return { type: 'declare', declaration };
};

/** null, like a key that is not there: nothing is said about it. */
const readText = (fields: Fields, key: string, most = MAX_TEXT): string | null => {
  const value = fields[key] ?? null;
  if (value === null) return null;
  if (typeof value !== 'string' || value === '' || value.length > most) {
    throw new Invalid(`${key} must be a text of 1 to ${most} characters`);
  }
  if (UNPRINTABLE.test(value)) throw new Invalid(`${key} must have printable characters only`);
  return value;
};

const readHost = (fields: Fields): string | null => {
  const value = fields['host'] ?? null;
  if (value === null) return null;
  if (typeof value !== 'string' || (isIP(value) === 0 && !HOST_NAME.test(value))) {
    throw new Invalid(
      'host must be a host name or an IP address, without scheme, port or brackets',
    );
  }
  return value;
};

const readInteger = (fields: Fields, key: string, most: number): number | null => {
  const value = fields[key] ?? null;
  if (value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) {
    throw new Invalid(`${key} must be an integer from 1 to ${most}`);
  }
  return value;
};
