#include "cgroup_attach.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "kernel_probe.h"

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

bool PrepareUnixConnect(const btf* kernel, bpf_program* program) {
  // BPF_CGROUP_UNIX_CONNECT of linux/bpf.h, which the headers of older systems lack.
  constexpr auto kUnixConnect = static_cast<bpf_attach_type>(49);
  if (!HasEnumerator(kernel, "bpf_attach_type", "BPF_CGROUP_UNIX_CONNECT")) return false;
  return bpf_program__set_type(program, BPF_PROG_TYPE_CGROUP_SOCK_ADDR) == 0 &&
         bpf_program__set_expected_attach_type(program, kUnixConnect) == 0;
}

Result<BpfLink> AttachCgroup(bpf_program* program, const Fd& cgroup) {
  BpfLink link(bpf_program__attach_cgroup(program, cgroup.get()));
  if (link == nullptr) return LastError(std::string("attach ") + bpf_program__name(program));
  return link;
}

}  // namespace wf
