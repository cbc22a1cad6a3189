#!/usr/bin/env node
/**
 * Prints, one a line, the files and directories of this built checkout that are needed to run it, and no more. The
 * modules are the lock file's, so that no npm is needed; a module's own modules lie inside it.
 */
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url)));
const isRuntimeModule = ([path, { dev }]) => path.lastIndexOf('node_modules/') === 0 && !dev;

const native = ['build/Release/watchfloor.node', 'build/Release/watchfloor-signer'];
const own = ['dist', ...native, 'package.json', 'README.md', 'LICENSE'];
const modules = Object.entries(packages).filter(isRuntimeModule);
console.log([...own, ...modules.map(([path]) => path)].join('\n'));
