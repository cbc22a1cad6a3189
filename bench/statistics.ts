/** Median, or NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

/** The value below which the share `q` of the values lies, or NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? NaN;
}

/** `median (least..most)` with three significant digits. */
export function spread(values: readonly number[], unit = ''): string {
  const known = values.filter((value) => Number.isFinite(value));
  if (known.length === 0) return '-';
  const text = (value: number): string => short(value);
  const range = `${text(Math.min(...known))}..${text(Math.max(...known))}`;
  const middle = `${text(median(known))}${unit}`;
  return known.length === 1 ? middle : `${middle} (${range})`;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
