/** Whole files through our decoder and objdump: a row for each. */
import { Comparison } from '../test/helpers/objdump.js';

async function main(files: readonly string[]): Promise<void> {
  const all = new Comparison();
  for (const file of files) {
    const before = { instructions: all.instructions, count: all.count };
    await all.file(file);
    const instructions = (all.instructions - before.instructions).toLocaleString('en');
    process.stdout.write(`| ${file} | ${instructions} | ${all.count - before.count} |\n`);
    for (const line of all.differences.splice(0)) process.stderr.write(`  ${line}\n`);
  }
  process.stdout.write(
    `${all.instructions} instructions, ${all.skipped} left out, ${all.count} differences\n`,
  );
  if (all.count > 0 || all.instructions === 0) process.exitCode = 1;
}

if (process.argv[1]?.endsWith('decoder.js') === true) await main(process.argv.slice(2));
