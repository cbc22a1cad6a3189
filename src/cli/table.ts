import { escapeText } from '../present/index.js';

/** Rows under their names, each column as wide as its longest cell. Cells are made safe for a terminal. */
export const table = (
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string[] => {
  const all = [columns, ...rows.map((row) => row.map(escapeText))];
  const widths = columns.map((_name, column) =>
    all.reduce((most, row) => Math.max(most, (row[column] ?? '').length), 0),
  );
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};
