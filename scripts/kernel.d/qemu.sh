# shellcheck shell=bash
# Boots a kernel under QEMU, without KVM and without root. Wants VERSION, CACHE and say() of its caller.

need() {
  local tool missing=()
  for tool in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static "$@"; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
  done
  ((${#missing[@]} == 0)) && return
  say "missing; install with: sudo apt-get install -y --no-install-recommends ${missing[*]}"
  exit 69
}

# boot INITRAMFS [QEMU ARGUMENT...]: two serial lines, the first is the console, the second our standard output.
boot() {
  local initramfs=$1
  shift
  say "boot $VERSION"
  timeout -k 5 300 qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 \
    -nodefaults -no-user-config -display none -no-reboot -device virtio-rng-pci \
    -kernel "$CACHE/vmlinuz" -initrd "$initramfs" \
    -append 'console=ttyS0 quiet panic=-1 mitigations=off' \
    -serial "file:$CACHE/console.log" -serial stdio "$@" </dev/null | tr -d '\r'
}

no_result() {
  say "$1; the end of the console:"
  tail -n 30 "$CACHE/console.log" >&2
  exit 1
}
