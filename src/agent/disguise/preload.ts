import type { ExecEvent } from '../../event/index.js';
import { baseName, invocationOf } from '../../process/index.js';
import { quoted, type Sight } from './observation.js';

/** Where coreutils has the library of stdbuf(1). */
const STDBUF = /^\/usr\/(lib|libexec|lib64)\/([^/]+\/)?coreutils\/libstdbuf\.so$/;

/** Put into programs by wrappers that are about something else: allocators, sanitizers, build tools. */
const BENIGN =
  /^(libfakeroot(-sysv|-tcp)?|libjemalloc|libtcmalloc(_minimal)?|libmimalloc|libeatmydata|libgtk3-nocsd|libasan|libtsan|libubsan|liblsan|librrpreload|libstdbuf)\.so([.\d]*)$/;

/** What the dynamic linker was told to put into a program, by whom. */
export interface Preloaded {
  readonly by: string;
  readonly value: string;
}

/** Of the environment, or of the dynamic linker's own options. Empty values are none. */
export function preloadsOf(event: ExecEvent): readonly Preloaded[] {
  const env = ['LD_PRELOAD', 'LD_AUDIT'].map((by) => ({
    by,
    value: Object.hasOwn(event.env, by) ? (event.env[by] ?? '') : '',
  }));
  const invocation = invocationOf(event.path, event.argv);
  const options = invocation?.kind === 'loader' ? invocation.options : [];
  const given = options.filter(([name]) => name === '--preload' || name === '--audit');
  return [...env, ...given.map(([by, value]) => ({ by, value }))].filter(
    ({ value }) => librariesIn(value).length > 0,
  );
}

/** ld.so(8) splits at colons and blanks. stdbuf(1) is silent, known wrappers are said with their name. */
export function seePreload(event: ExecEvent, { by, value }: Preloaded): Sight | null {
  const libraries = librariesIn(value).filter((path) => !STDBUF.test(path));
  if (libraries.length === 0) return null;
  const isAudit = by === 'LD_AUDIT' || by === '--audit';
  const isBenign = !isAudit && libraries.every((path) => BENIGN.test(baseName(path)));
  const names = libraries.map(baseName).join(', ');
  return {
    rule: 'exec.preload',
    way: by,
    severity: isBenign ? 'low' : 'high',
    summary: `${baseName(event.path)} was started with ${quoted(names)} put into it`,
    evidence: [
      `${by}: ${quoted(libraries.join(':'))}`,
      `the executed file is ${event.path}`,
      ...(isBenign ? ['a library of this name is a known wrapper'] : []),
    ],
  };
}

const librariesIn = (value: string): string[] => value.split(/[ :]+/).filter((path) => path !== '');
