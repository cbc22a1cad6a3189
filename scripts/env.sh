# shellcheck shell=bash
# Sourced by the other scripts: puts the Node that scripts/bootstrap installed, and bpftool, on PATH.

export WATCHFLOOR_NODE=/usr/local/lib/watchfloor/node

node_is_new_enough() {
  command -v node >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 17) ? 0 : 1)'
}

find_node() {
  if [[ -x $WATCHFLOOR_NODE/node_modules/.bin/node ]] && ! node_is_new_enough; then
    PATH="$WATCHFLOOR_NODE/node_modules/.bin:$PATH"
    hash -r
  fi
}

bpftool_works() { bpftool version >/dev/null 2>&1; }

# Debian has it in /usr/sbin; Ubuntu's wrapper there only knows the tools of the kernel that runs.
find_bpftool() {
  local tool
  bpftool_works && return
  for tool in /usr/sbin/bpftool /usr/lib/linux-tools*/bpftool /usr/lib/linux-tools/*/bpftool; do
    if [[ -x $tool ]] && "$tool" version >/dev/null 2>&1; then
      PATH="$(dirname "$tool"):$PATH"
      return
    fi
  done
}

find_node
find_bpftool
export PATH
