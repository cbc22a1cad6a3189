/* build: -shared -fPIC -ldl -D_GNU_SOURCE */
/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD=hook: an SSL_write that stands before the library's own. */
#include <dlfcn.h>
#include <stddef.h>

int SSL_write(void* ssl, const void* buffer, int bytes) {
  int (*own)(void*, const void*, int) =
      (int (*)(void*, const void*, int))dlsym(RTLD_NEXT, "SSL_write");
  return own == NULL ? -1 : own(ssl, buffer, bytes);
}
