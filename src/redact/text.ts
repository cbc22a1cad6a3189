import { cleanAssignments } from './assignment.js';
import type { Mark } from './mark.js';
import { PATTERNS } from './patterns.js';
import { cleanUrl } from './url.js';

const PEM_BEGIN = '-----BEGIN ';
const PEM_END = '-----END ';
const PEM_RULE = '-----';

/** Any text without secrets: URLs, headers, assignments, and tokens known by their prefix. */
export function cleanText(text: string, mark: Mark): string {
  const lines = text.includes(PEM_BEGIN) ? cleanPem(text, mark) : text;
  const urls = lines.includes('://')
    ? lines.replace(PATTERNS.url, (url) => cleanUrl(url, mark))
    : lines;
  return cleanTokens(cleanAssignments(urls, mark), mark);
}

/** Only tokens known by their prefix: for names and other text that is no sentence. */
export function cleanTokens(text: string, mark: Mark): string {
  const take = (secret: string): string => mark('token', secret);
  const hooks = PATTERNS.anyHook.test(text)
    ? text
        .replace(PATTERNS.webhook, take)
        .replace(PATTERNS.discordHook, take)
        .replace(PATTERNS.telegramBot, take)
    : text;
  if (!PATTERNS.anyToken.test(hooks)) return hooks;
  return hooks
    .replace(PATTERNS.bearer, (found) => {
      const space = found.search(PATTERNS.blank);
      return `${found.slice(0, space)} ${take(found.slice(space).trimStart())}`;
    })
    .replace(PATTERNS.loudToken, take)
    .replace(PATTERNS.quietToken, take)
    .replace(PATTERNS.dashedToken, take)
    .replace(PATTERNS.awsKeyId, take)
    .replace(PATTERNS.jwt, take);
}

/** From the first line of a key to its last, or to the end where the text was cut. */
function cleanPem(text: string, mark: Mark): string {
  let out = '';
  let from = 0;
  for (let begin = text.indexOf(PEM_BEGIN); begin >= 0; begin = text.indexOf(PEM_BEGIN, from)) {
    const last = text.indexOf(PEM_END, begin);
    const rule = last < 0 ? -1 : text.indexOf(PEM_RULE, last + PEM_END.length);
    const end = rule < 0 ? text.length : rule + PEM_RULE.length;
    out += text.slice(from, begin) + mark('pem', text.slice(begin, end));
    from = end;
  }
  return out + text.slice(from);
}
