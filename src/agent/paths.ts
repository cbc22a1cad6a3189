import { globMatches } from '../event/index.js';

export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A glob without a slash is about the file's name, any other about its whole path. */
export const exeMatches = (glob: string, exe: string): boolean =>
  globMatches(glob, glob.includes('/') ? exe : basename(exe));
