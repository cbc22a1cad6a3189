import { DiscardPolicy, RetentionPolicy, StorageType } from 'nats';
import type { StreamConfig } from 'nats';
import { clean } from './failure.js';
import { connectionOf } from './link.js';
import type { NatsLink } from './link.js';
import { apiCode, managerOf, textOf } from './manager.js';
import { streamProblems } from './stream-problems.js';
import { DAY_MS, DUPLICATE_WINDOW_MS, NS_PER_MS } from './stream-spec.js';
import type { StreamSpec } from './stream-spec.js';

export interface StreamCheck {
  /**
   * ok: it is there as it should be, or better. created: by us, now. differs: it is there, and nothing was changed.
   * missing: it is not there and could not be made. unknown: it could not be looked at; it may be there.
   */
  readonly state: 'ok' | 'created' | 'differs' | 'missing' | 'unknown';
  /** A sentence each: what it is, what it should be, what that costs, what changes it. */
  readonly problems: readonly string[];
  /** When it was made, in the server's words; null: not known. With another time it is another stream. */
  readonly created: string | null;
}

/** nats-server's errors.json: stream not found. */
const STREAM_NOT_FOUND = 10059;
/** What the client says where nobody listens for JetStream's requests. */
const NO_RESPONDERS = '503';

const NO_CONNECTION: StreamCheck = {
  state: 'unknown',
  problems: ['there is no connection'],
  created: null,
};

/** Makes the stream where there is none, and looks at it where there is one. Never changes it, never rejects. */
export async function ensureStream(link: NatsLink, spec: StreamSpec): Promise<StreamCheck> {
  const connection = connectionOf(link);
  if (connection === null) return NO_CONNECTION;
  try {
    const { streams } = await managerOf(connection);
    const { config, created } = await streams.info(spec.name);
    const problems = streamProblems(spec, config);
    return { state: problems.length === 0 ? 'ok' : 'differs', problems, created };
  } catch (error) {
    if (apiCode(error) === STREAM_NOT_FOUND) return createStream(link, spec);
    return unknownStream(spec, error);
  }
}

function unknownStream({ name }: StreamSpec, error: unknown): StreamCheck {
  if (error instanceof Error && 'code' in error && error.code === NO_RESPONDERS) {
    const problems = ['JetStream is not enabled on the server'];
    return { state: 'missing', problems, created: null };
  }
  const problem = `the stream ${name} cannot be looked at: ${clean(textOf(error))}`;
  return { state: 'unknown', problems: [problem], created: null };
}

async function createStream(link: NatsLink, spec: StreamSpec): Promise<StreamCheck> {
  const connection = connectionOf(link);
  if (connection === null) return NO_CONNECTION;
  try {
    const { streams } = await managerOf(connection);
    const { created } = await streams.add(configOf(spec));
    return { state: 'created', problems: [], created };
  } catch (error) {
    const problem =
      `there is no stream ${spec.name}, and it cannot be made (${clean(textOf(error))}): ` +
      `nothing is published until it is there: ${createCommand(spec)}`;
    return { state: 'missing', problems: [problem], created: null };
  }
}

const configOf = ({ name, subject, maxAgeMs }: StreamSpec): Partial<StreamConfig> => ({
  name,
  subjects: [subject],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.Old,
  duplicate_window: DUPLICATE_WINDOW_MS * NS_PER_MS,
  num_replicas: 1,
  ...(maxAgeMs === null ? {} : { max_age: maxAgeMs * NS_PER_MS }),
});

const createCommand = ({ name, subject, maxAgeMs }: StreamSpec): string =>
  `nats stream add ${name} --subjects '${subject}' --storage file --retention limits --discard old ` +
  `--dupe-window 2m --replicas 1${maxAgeMs === null ? '' : ` --max-age ${maxAgeMs / DAY_MS}d`} --defaults`;
