# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Somebody who does what he is asked for with the connection of another, and has one of his own to give.
exec python3 "$CASE/helper.py" "$WORK/helper.sock"
