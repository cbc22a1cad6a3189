# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Somebody else's namespaces, to be entered.
# shellcheck disable=SC2016
exec unshare -n -m bash -c 'echo $$ > pid; echo ready; exec sleep 300'
