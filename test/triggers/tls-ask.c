/* build: -lssl -lcrypto -pthread -D_GNU_SOURCE */
/* SPDX-License-Identifier: Apache-2.0 */
/* See tls-ask.h; with the system's library. */
#include "tls-ask.h"

int main(int argc, char** argv) { return ask(argc, argv); }
