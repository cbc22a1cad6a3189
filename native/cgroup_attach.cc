#include "cgroup_attach.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace wf {

Result<Fd> OpenCgroup(const std::string& mount) {
  Fd directory(open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return LastError("open cgroup " + mount);
  struct statfs info = {};
  if (fstatfs(directory.get(), &info) != 0) return LastError("statfs cgroup " + mount);
  if (info.f_type != CGROUP2_SUPER_MAGIC)
    return Refusal{"open cgroup " + mount, EINVAL, "not a cgroup v2 mount point"};
  return directory;
}

Result<BpfLink> AttachCgroup(bpf_program* program, const Fd& cgroup) {
  BpfLink link(bpf_program__attach_cgroup(program, cgroup.get()));
  if (link == nullptr) return LastError(std::string("attach ") + bpf_program__name(program));
  return link;
}

}  // namespace wf
