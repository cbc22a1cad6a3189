# shellcheck shell=bash
# Sourced: what goes into an initramfs.
: "${root:?the directory that becomes one}"

# add PROGRAM PATH: a program and every library it is linked with, at the path the loader looks for it.
add() {
  local library
  install -D -m 0755 "$(readlink -f "$1")" "$root$2"
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
    [[ -e $root$library ]] || install -D -m 0755 "$(readlink -f "$library")" "$root$library"
  done
}

# add_modules DIR MODULE...: of the kernel in DIR/root, with all they depend on.
add_modules() {
  local dir=$1 release from to module file
  shift
  # Newer packages know /usr/lib only.
  [[ -e $dir/root/lib ]] || ln -s usr/lib "$dir/root/lib"
  release=$(basename "$dir"/root/lib/modules/*)
  from=$dir/root/lib/modules/$release to=$root/lib/modules/$release
  mkdir -p "$to"
  [[ -e $from/modules.dep ]] || busybox depmod -b "$dir/root" "$release"
  # A line of modules.dep: a module's file, a colon, and the files of all it depends on.
  for module in "$@"; do
    for file in $(grep "/${module//[-_]/[-_]}\.ko[.a-z]*:" "$from/modules.dep" | tr -d :); do
      install -D -m 0644 "$from/$file" "$to/$file"
    done
  done
  cp "$from/modules.dep" "$to/"
}

# pack FILE. Not compressed: unpacking under emulation costs more than reading.
pack() {
  (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$1"
}
