# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
groups=()
# Bash runs this by name.
# shellcheck disable=SC2329
leave() {
  local group
  for group in "${groups[@]}"; do
    echo $$ > "$(dirname "$group")/cgroup.procs"
    rmdir "$group"
  done
}
trap leave EXIT
while read -r _ mount type options; do
  case $type in
    cgroup2) ;;
    cgroup) [[ ,$options, = *,pids,* ]] || continue ;;
    *) continue ;;
  esac
  group=$mount/watchfloor-test-$$
  mkdir "$group"
  groups+=("$group")
  echo $$ > "$group/cgroup.procs"
done < <(cut -d ' ' -f 1-4 /proc/self/mounts)
if ((${#groups[@]} == 0)); then
  echo 'no cgroup file system is mounted here'
  exit 77
fi
"$BIN/noop" moved-e37
bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$PORT"' speaks-e37
