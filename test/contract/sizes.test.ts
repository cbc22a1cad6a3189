import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

/** At the stop, look for the second idea in the file. Generated files are exempt. */
const STOPS = [
  { folder: 'src', files: /\.ts$/, lines: 250 },
  { folder: 'native', files: /\.(cc|h)$/, lines: 300 },
  { folder: 'bpf', files: /\.(c|h)$/, lines: 150 },
  { folder: 'scripts', files: /\.mjs$/, lines: 250 },
  { folder: 'scripts', files: /^[^.]+$|\.sh$/, lines: 100 },
];
/** The contract with every event, limit and counter in one place, and the kernel's types. */
const EXEMPT = /\.gen\.|^bpf\/wire\/wire\.h$|^bpf\/vmlinux\.h$/;

for (const { folder, files, lines } of STOPS) {
  t.test(
    `no file of ${folder}/ named ${files.source} is longer than ${String(lines)} lines`,
    async (t) => {
      const found = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && files.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => !EXEMPT.test(path));
      t.ok(found.length > 0, 'there are files to count');
      t.same(
        found.filter((path) => countLines(path) > lines),
        [],
      );
    },
  );
}

function countLines(path: string): number {
  return readFileSync(path, 'utf8').split('\n').length - 1;
}
