/** OpenSSL's public functions as compilers make them: the texts of `assembled`, to which `inner`, `error` and others belong. */

/** Debian 12 and Ubuntu 24.04: the count on the stack, a stack protector, the error at the end. */
export const PLAIN = `
  4883ec18
  64488b042528000000
  4889442408
  31c0 85d2
  7827
  4889e1
  4863d2
  call:inner
  85c0 7e03 8b0424
  488b542408 64482b142528000000
  7511
  4883c418 c3
  call:error
  b8ffffffff
  ebdf
  call:error`;

export const EX = '4883ec08 call:inner 31d2 85c0 0f48c2 4883c408 c3';

/** 3.3: no flags before the place for the count, which is in r8. */
export const PLAIN_FLAGS = '4883ec18 4989e0 31c9 4863d2 call:inner 4883c418 c3';
export const EX_FLAGS = '4883ec08 4989c8 31c9 call:inner 4883c408 c3';

export const INNER = '4156 53 4889fb 5b 415e ffe0';
export const ERROR = 'c3';
