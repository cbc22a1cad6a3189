#include "pins.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <filesystem>
#include <system_error>
#include <vector>

namespace wf {
namespace {

namespace fs = std::filesystem;

constexpr long kBpfFsMagic = 0xcafe4a11;  // BPF_FS_MAGIC of linux/magic.h
constexpr std::string_view kMap = "map";
constexpr std::string_view kLink = "link";

/** Names in a directory; none when it cannot be read. */
std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename());
  return names;
}

/** Maps of the programs; the kernel's copies of their read-only data belong to one load only. */
template <typename Visit>
bool EachMap(bpf_object* object, Visit visit) {
  bpf_map* map = nullptr;
  while ((map = bpf_object__next_map(object, map)) != nullptr)
    if (!bpf_map__is_internal(map) && !visit(map)) return false;
  return true;
}

bool IsSameShape(const bpf_map* map, int fd) {
  bpf_map_info info = {};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return false;
  return info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
         info.value_size == bpf_map__value_size(map) &&
         info.max_entries == bpf_map__max_entries(map);
}

/** A link of a cgroup that was removed, or that somebody detached, stays as an object and does nothing. */
bool IsAttached(const Fd& link) {
  bpf_link_info info = {};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(link.get(), &info, &size) != 0) return false;
  return info.type != BPF_LINK_TYPE_CGROUP || info.cgroup.cgroup_id != 0;
}

}  // namespace

Result<Pins> Pins::Open(const std::string& parent, std::string_view name) {
  struct statfs info = {};
  if (statfs(parent.c_str(), &info) != 0) return LastError("pin in " + parent);
  if (info.f_type != kBpfFsMagic)
    return Refusal{"pin in " + parent, EINVAL, "not a directory of a bpf file system"};
  const std::string directory = parent + '/' + std::string(name);
  if (mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return LastError("pin in " + directory);
  return Pins(parent, std::string(name));
}

std::string Pins::Path(std::string_view kind, std::string_view object) const {
  return parent_ + '/' + name_ + '/' + std::string(kind) + '_' + std::string(object);
}

bool Pins::AdoptMaps(bpf_object* object) const {
  return EachMap(object, [this](bpf_map* map) {
    const Fd pinned(bpf_obj_get(Path(kMap, bpf_map__name(map)).c_str()));
    return pinned && IsSameShape(map, pinned.get()) && bpf_map__reuse_fd(map, pinned.get()) == 0;
  });
}

Status Pins::PinMaps(bpf_object* object) const {
  Status refused;
  EachMap(object, [&](bpf_map* map) {
    const std::string path = Path(kMap, bpf_map__name(map));
    if (bpf_obj_pin(bpf_map__fd(map), path.c_str()) == 0) return true;
    refused = LastError("pin " + path);
    return false;
  });
  return refused;
}

std::optional<Fd> Pins::Link(const char* program) const {
  const std::string path = Path(kLink, program);
  Fd link(bpf_obj_get(path.c_str()));
  if (!link) return std::nullopt;
  if (IsAttached(link)) return link;
  unlink(path.c_str());
  return std::nullopt;
}

Status Pins::PinLink(const char* program, int link) const {
  const std::string path = Path(kLink, program);
  if (bpf_obj_pin(link, path.c_str()) != 0) return LastError("pin " + path);
  return {};
}

void Pins::RemoveLinks() const {
  const std::string directory = parent_ + '/' + name_ + '/';
  for (const std::string& name : NamesIn(directory))
    if (name.starts_with(kLink)) unlink((directory + name).c_str());
}

void Pins::RemoveAll() const {
  std::error_code ignored;
  fs::remove_all(parent_ + '/' + name_, ignored);
}

size_t Pins::RemoveOthers() const {
  size_t removed = 0;
  for (const std::string& name : NamesIn(parent_)) {
    if (name == name_) continue;
    std::error_code ignored;
    fs::remove_all(parent_ + '/' + name, ignored);
    ++removed;
  }
  return removed;
}

}  // namespace wf
