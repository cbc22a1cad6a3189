# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Long enough for somebody to find out who was asked: what has ended by then is missed.
sleep 2
