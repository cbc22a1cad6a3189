#include "kernel_probe.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <array>

namespace wf {

Result<BtfPtr> KernelTypes() {
  BtfPtr types(btf__load_vmlinux_btf());
  if (types == nullptr) return LastError("read the kernel's BTF");
  return types;
}

bool HasTracepoint(const btf* kernel, const std::string& name) {
  return btf__find_by_name_kind(kernel, ("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF) > 0;
}

bool HasEnumerator(const btf* kernel, const char* enumeration, std::string_view value) {
  const int32_t id = btf__find_by_name_kind(kernel, enumeration, BTF_KIND_ENUM);
  if (id < 0) return false;
  const btf_type* type = btf__type_by_id(kernel, static_cast<uint32_t>(id));
  const struct btf_enum* values = btf_enum(type);
  for (int i = 0; i < btf_vlen(type); ++i)
    if (value == btf__name_by_offset(kernel, values[i].name_off)) return true;
  return false;
}

bool HasFetchAdd() {
  constexpr __u8 kR0 = 0, kR1 = 1, kStack = 10;
  const std::array<bpf_insn, 5> program = {{
      {BPF_ST | BPF_MEM | BPF_DW, kStack, 0, -8, 0},
      {BPF_ALU64 | BPF_MOV | BPF_K, kR1, 0, 0, 1},
      {BPF_STX | BPF_ATOMIC | BPF_DW, kStack, kR1, -8, BPF_ADD | BPF_FETCH},
      {BPF_ALU64 | BPF_MOV | BPF_K, kR0, 0, 0, 0},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  }};
  const Fd loaded(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "wf_probe_fetch", "GPL",
                                program.data(), program.size(), nullptr));
  return loaded || errno != EINVAL;
}

Result<Fd> TrialFile() {
  constexpr int kPage = 4096;
  Fd file(memfd_create("watchfloor-trial", MFD_CLOEXEC));
  if (!file) return LastError("memfd_create");
  if (ftruncate(file.get(), kPage) != 0) return LastError("ftruncate");
  return file;
}

}  // namespace wf
