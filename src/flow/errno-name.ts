/** asm-generic/errno.h, where x86-64 and aarch64 agree: what a socket can fail with. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'EPERM',
  4: 'EINTR',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  22: 'EINVAL',
  32: 'EPIPE',
  71: 'EPROTO',
  92: 'ENOPROTOOPT',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  102: 'ENETRESET',
  103: 'ECONNABORTED',
  104: 'ECONNRESET',
  105: 'ENOBUFS',
  106: 'EISCONN',
  107: 'ENOTCONN',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  112: 'EHOSTDOWN',
  113: 'EHOSTUNREACH',
  114: 'EALREADY',
  115: 'EINPROGRESS',
  125: 'ECANCELED',
};

/** Such as `ECONNREFUSED`; `errno 999` where there is no name. */
export const errnoName = (errno: number): string => NAMES[errno] ?? `errno ${errno}`;
