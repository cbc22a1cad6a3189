/** A part of what the daemon says in `status`, which may be of another version than this command. */
export type Branch = Readonly<Record<string, unknown>>;

export const branch = (value: unknown): Branch =>
  typeof value === 'object' && value !== null ? (value as Branch) : {};

/** Counters of 64 bits come as text. */
export const count = (tree: Branch, key: string): number => Number(tree[key] ?? 0);

export const text = (tree: Branch, key: string): string => {
  const value = tree[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
};

export const textsIn = (tree: Branch, key: string): readonly string[] => {
  const value = tree[key];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
};
