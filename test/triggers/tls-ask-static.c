/* build: -static -s -lssl -lcrypto -pthread -D_GNU_SOURCE */
/* SPDX-License-Identifier: Apache-2.0 */
/* See tls-ask.h; the library is within, and no symbol is left of it. */
#include "tls-ask.h"

int main(int argc, char** argv) { return ask(argc, argv); }
