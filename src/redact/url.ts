import type { Mark } from './mark.js';
import { PATTERNS } from './patterns.js';

/** A URL without userinfo, query and fragment; what follows the scheme may be anything. */
export function cleanUrl(url: string, mark: Mark): string {
  const start = url.indexOf('://') + 3;
  const { head, tail } = splitTail(url.slice(start), mark);
  return url.slice(0, start) + cleanUserinfo(head, mark) + tail;
}

/** A word that may be a URL without a scheme, as curl, git and docker take it. */
export function cleanBareUrl(word: string, mark: Mark): string {
  const { head, tail } = word.includes('=') ? splitTail(word, mark) : { head: word, tail: '' };
  const start = head.startsWith('//') ? 2 : 0;
  const userinfo = PATTERNS.bareUserinfo.exec(head.slice(start))?.[1];
  if (userinfo === undefined) return head + tail;
  const rest = head.slice(start + userinfo.length);
  return head.slice(0, start) + mark('url_userinfo', userinfo) + rest + tail;
}

/** The target of a request: its path alone. */
export function cleanPath(target: string, mark: Mark): string {
  const absolute = PATTERNS.wholeUrl.test(target) ? target.indexOf('://') + 3 : 0;
  const { head } = splitTail(target.slice(absolute), mark);
  return target.slice(0, absolute) + (absolute > 0 ? cleanUserinfo(head, mark) : head);
}

function splitTail(text: string, mark: Mark): { head: string; tail: string } {
  const hash = text.indexOf('#');
  const beforeHash = hash < 0 ? text : text.slice(0, hash);
  const question = beforeHash.indexOf('?');
  const head = question < 0 ? beforeHash : text.slice(0, question);
  const query = question < 0 ? '' : `?${mark('url_query', beforeHash.slice(question + 1))}`;
  const fragment = hash < 0 ? '' : `#${mark('url_fragment', text.slice(hash + 1))}`;
  return { head, tail: query + fragment };
}

/** A password may hold a slash where it should not: then the port is no number and an @ comes later. */
function cleanUserinfo(text: string, mark: Mark): string {
  const slash = text.indexOf('/');
  const authority = slash < 0 ? text : text.slice(0, slash);
  const oddPort = /^[^:]{1,256}:[^0-9]/.test(authority);
  const at = oddPort ? text.lastIndexOf('@') : authority.lastIndexOf('@');
  return at < 0 ? text : mark('url_userinfo', text.slice(0, at)) + text.slice(at);
}
