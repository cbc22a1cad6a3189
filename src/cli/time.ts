const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})$/;

/** A duration back from now (`10m`) or a moment (RFC 3339), as Unix nanoseconds; null when it is neither. */
export const parseTime = (text: string, nowMs: number): bigint | null => {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count !== undefined) return toNs(nowMs - Number(count) * (UNIT_MS[unit] ?? 0));
  if (!RFC_3339.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : toNs(ms);
};

const toNs = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;

/** For people: the two largest units. */
export const duration = (seconds: number): string => {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days}d ${hours}h`;
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${seconds % 60}s`;
};
