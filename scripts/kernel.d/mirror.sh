# shellcheck shell=bash
# Sourced: where this machine's apt gets Debian from, unless told.

# shellcheck disable=SC2016
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' | head -n 1)}
if [[ -z $MIRROR ]]; then
  echo "${0##*/}: apt knows no Debian mirror here; set MIRROR" >&2
  exit 69
fi
