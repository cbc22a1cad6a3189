#include "bpf_object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <cstring>
#include <string>

#include "kernel_probe.h"
#include "wire/wire.h"

// The skeletons also assert, in C++, the size of every type of wire.h that layout.bpf.c keeps.
#include "wf_bpf.skel.h"
#include "wf_bpf_legacy.skel.h"

namespace wf {
namespace {

constexpr Family kFamilies[] = {
    {"tp_btf/sched_process_", "process", true},
    {"iter/task", "process", true},
    {"tp_btf/task_rename", "process", false},
    {"tp_btf/inet_sock_set_state", "network", false},
    {"cgroup/", "network", false},
    {"tp_btf/sock_send_length", "socket", false},
    {"tp_btf/sock_recv_length", "socket", false},
    {"cgroup_skb/", "wire", false},
    {"uprobe", "tls", false},
    {"uretprobe", "tls", false},
};

const bpf_map* FindReadOnlyData(const bpf_object* object) {
  const bpf_map* map = nullptr;
  while ((map = bpf_object__next_map(object, map)) != nullptr)
    if (std::string_view(bpf_map__name(map)).ends_with(".rodata")) return map;
  return nullptr;
}

/** Offset of a variable in a data section, or -1. */
int64_t OffsetOf(const btf* types, const char* section, std::string_view variable) {
  const int32_t id = btf__find_by_name_kind(types, section, BTF_KIND_DATASEC);
  if (id < 0) return -1;
  const btf_type* data = btf__type_by_id(types, static_cast<uint32_t>(id));
  const btf_var_secinfo* info = btf_var_secinfos(data);
  for (int i = 0; i < btf_vlen(data); ++i) {
    const btf_type* var = btf__type_by_id(types, info[i].type);
    if (variable == btf__name_by_offset(types, var->name_off)) return info[i].offset;
  }
  return -1;
}

std::string_view ElfBytes() {
  static const bool modern = HasFetchAdd();
  size_t size = 0;
  const void* bytes = modern ? wf_bpf__elf_bytes(&size) : wf_bpf_legacy__elf_bytes(&size);
  return {static_cast<const char*>(bytes), size};
}

}  // namespace

Result<BpfObjectPtr> OpenBpfObject() {
  const std::string_view bytes = ElfBytes();
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "wf");
  BpfObjectPtr object(bpf_object__open_mem(bytes.data(), bytes.size(), &options));
  if (object == nullptr) return LastError("open BPF object");
  return object;
}

uint64_t BuildNumber() {
  // FNV-1a: tells builds apart, and is the same in every process. It need not resist anybody.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : ElfBytes()) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  return hash;
}

Result<uint32_t> ReadWireVersion(const bpf_object* object) {
  const Refusal missing = {"read wire version", ENOENT, "the BPF object does not name it"};
  const bpf_map* map = FindReadOnlyData(object);
  const int64_t offset = OffsetOf(bpf_object__btf(object), ".rodata", "wf_wire_version");
  if (map == nullptr || offset < 0) return missing;
  size_t size = 0;
  const void* data = bpf_map__initial_value(const_cast<bpf_map*>(map), &size);
  uint32_t version = 0;
  if (data == nullptr || static_cast<size_t>(offset) + sizeof(version) > size) return missing;
  memcpy(&version, static_cast<const char*>(data) + offset, sizeof(version));
  return version;
}

const Family* FamilyOf(const bpf_program* program) {
  const std::string_view section = bpf_program__section_name(program);
  for (const Family& family : kFamilies)
    if (section.starts_with(family.section)) return &family;
  return nullptr;
}

}  // namespace wf
