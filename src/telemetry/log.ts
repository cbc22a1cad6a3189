import { pino } from 'pino';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts about ourselves: names, counts, codes. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | bigint | null | readonly string[]>
>;

export type Log = Readonly<Record<LogLevel, (fields: LogFields, message: string) => void>>;

export interface LogSink {
  write(line: string): void;
}

/** JSON lines to standard error, or to `sink`. Written at once: what is logged before a crash is there after it. */
export const createLog = (level: LogLevel, sink?: LogSink): Log => {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters },
    sink ?? pino.destination({ fd: 2, sync: true }),
  );
  return {
    error: (fields, message) => {
      logger.error(plain(fields), message);
    },
    warn: (fields, message) => {
      logger.warn(plain(fields), message);
    },
    info: (fields, message) => {
      logger.info(plain(fields), message);
    },
    debug: (fields, message) => {
      logger.debug(plain(fields), message);
    },
  };
};

const formatters = { level: (label: string) => ({ level: label }) };

const plain = (fields: LogFields): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? String(value) : value,
    ]),
  );
