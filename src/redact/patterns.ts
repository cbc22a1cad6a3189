/**
 * Everything here runs over hostile text, so no pattern may backtrack: a quantifier without an upper bound stands only
 * at the end, where nothing after it can fail, and none stands inside another. A test reads the sources for it.
 */

/** What was taken out; the word in `[word:bytes]`. */
export type RedactionKind =
  | 'api_key'
  | 'authorization'
  | 'cookie'
  | 'credential'
  | 'password'
  | 'pem'
  | 'secret'
  | 'token'
  | 'url_fragment'
  | 'url_query'
  | 'url_userinfo'
  | 'user';

/** Prefixes that say "credential" wherever they stand, even in the middle of a word. */
const LOUD =
  'sk-ant-|sk-proj-|sk-or-|sk_live_|sk_test_|rk_live_|github_pat_|gh[opsur]_|xox[abeprs]-|xapp-|glpat-|AIza|nvapi-|pypi-';
/** Prefixes that are also the beginning of ordinary words: only at the start of one, with something long behind. */
const QUIET = 'sk-|gsk_|hf_|npm_|r8_|xai-|pplx-|tvly-|ya29\\.|SG\\.';

export const PATTERNS = {
  // Most texts hold none of them, and one look finds that out.
  anyToken: new RegExp(`${LOUD}|${QUIET}|AKIA|ASIA|eyJ|bearer`, 'i'),
  loudToken: new RegExp(`(?:${LOUD})[A-Za-z0-9_-]{4,}`, 'g'),
  quietToken: new RegExp(`(?<![A-Za-z0-9])(?:${QUIET})(?:proj-)?[A-Za-z0-9]{8,}`, 'g'),
  dashedToken: /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}/g,
  awsKeyId: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,}/g,
  // Base64url of `{"`: the head of a JWT, whole or cut.
  jwt: /eyJ[A-Za-z0-9_.-]{8,}/g,
  // The address is the credential: an incoming webhook of Slack or Discord, a bot of Telegram.
  webhook: /(?<=hooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9/_-]{8,}/g,
  discordHook: /(?<=\/api\/webhooks\/[0-9]{5,24}\/)[A-Za-z0-9_-]{8,}/g,
  telegramBot: /(?<![0-9])[0-9]{6,12}:[A-Za-z0-9_-]{30,}/g,
  anyHook: /hooks\.slack\.com|\/api\/webhooks\/|[0-9]{6}:/,
  bearer: /\bbearer\s{1,4}[A-Za-z0-9._~+/=-]{6,}/gi,
  url: /[a-z][a-z0-9+.-]{0,31}:\/\/[^\s"'<>`|]*/gi,
  wholeUrl: /^[a-z][a-z0-9+.-]{0,31}:\/\//i,
  // curl and git take `user:password@host` without a scheme; an image's `name:tag@sha256:` is no password.
  bareUserinfo: /^([^\s/@:]{1,256}:[^\s/@]{1,256})@(?!sha256:)[^\s@]/,
  longOption: /^--?([A-Za-z][A-Za-z0-9_.-]{1,63})(=?)/,
  // Options whose name only speaks of a secret: a file that holds it, a limit of tokens. Variables have no dashes.
  noSecretName:
    /^-{0,2}(?:max|min|num|no)-|-(?:file|path|stdin|env|dir|url|uri|name|id|type|format|length|size|count|limit)$/,
  // Of curl: flags that take nothing, then the one that takes a credential, then what is attached to it.
  curlCluster: /^-[fgGiIjJkLlnNOpqRsSvVaZ0-9#]{0,16}([uUHbE])([^]*)/,
  commandOption: /^-[a-z]{0,8}c$/,
  blank: /\s/,
  marker: /^\[[a-z_]{1,24}:[0-9]{1,9}\]$/,
} as const;

const NAMES: readonly (readonly [RegExp, RedactionKind])[] = [
  [/authorization/, 'authorization'],
  [/cookie/, 'cookie'],
  [/passw|passphrase|^pass(?:in|out)?$|[_-](?:pass|pwd)$/, 'password'],
  [/credential|signature/, 'credential'],
  [/token|bearer|[_-]pat$/, 'token'],
  [/secret/, 'secret'],
  [/key/, 'api_key'],
];

/** The kind of secret a variable, field, header or option of this name holds; null: none. Lower case is given. */
export function kindOfName(name: string): RedactionKind | null {
  if (PATTERNS.noSecretName.test(name)) return null;
  return NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
