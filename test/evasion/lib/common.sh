# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the scripts of cases about TLS.

# await_probe FILE: until FILE is probed. What speaks a moment after the first program that could is in a race with the
# sensor, which is not what the case is about.
await_probe() {
  "$BIN/await-probe" "$1"
}

# make_blind FILE: a copy of tls-ask-static in which nothing is left that its TLS library could be known by.
make_blind() {
  LC_ALL=C sed -E 's/(ssl|SSL)_(write|read|peek|do_handshake)/xxx_\2/g' "$BIN/tls-ask-static" > "$1"
  chmod +x "$1"
}
