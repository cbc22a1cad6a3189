/** What the process was told by its environment. The only reader of it. */
export interface Environment {
  /** Microseconds between two watchdog pings systemd waits for; null: no watchdog. */
  readonly watchdogUsec: number | null;
  /** NO_COLOR is set to anything but the empty text (no-color.org). */
  readonly noColor: boolean;
  /** The locale's characters are UTF-8 (locale(7): LC_ALL, then LC_CTYPE, then LANG). */
  readonly utf8: boolean;
  /** Variables through which whoever starts us could run code in us, in the order they were looked for. */
  readonly hostile: readonly string[];
}

const HOSTILE = ['NODE_OPTIONS', 'LD_PRELOAD', 'LD_AUDIT'] as const;

export const readEnvironment = (env: NodeJS.ProcessEnv = process.env): Environment => {
  const usec = Number(env['WATCHDOG_USEC'] ?? '');
  const forUs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(process.pid);
  return {
    watchdogUsec: forUs && Number.isSafeInteger(usec) && usec > 0 ? usec : null,
    noColor: (env['NO_COLOR'] ?? '') !== '',
    utf8: /utf-?8/i.test([env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(Boolean) ?? ''),
    hostile: HOSTILE.filter((name) => (env[name] ?? '') !== ''),
  };
};
