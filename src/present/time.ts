const NS_PER_SECOND = 1_000_000_000n;

/** Unix nanoseconds as RFC 3339 in UTC, all nine digits. */
export function formatTime(wallNs: bigint): string {
  const fraction = ((wallNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const seconds = Number((wallNs - fraction) / NS_PER_SECOND);
  const date = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  return `${date}.${`${fraction}`.padStart(9, '0')}Z`;
}

/** The same as time of day, milliseconds: for lines people read. */
export const formatClock = (wallNs: bigint): string => formatTime(wallNs).slice(11, 23);
