#include "uprobe_attach.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include "kernel_probe.h"

namespace wf {
namespace {

// Since Linux 6.6 (89ae89f53d20, 0b779b61f651); libbpf 1.1 and Debian 12's headers know neither.
constexpr auto kTraceUprobeMulti = static_cast<bpf_attach_type>(48);
constexpr __u32 kMultiReturn = 1;

/** The part of union bpf_attr that BPF_LINK_CREATE reads for uprobe.multi. */
struct MultiAttr {
  __u32 prog_fd;
  __u32 target_fd;
  __u32 attach_type;
  __u32 flags;
  __u64 path;
  __u64 offsets;
  __u64 ref_ctr_offsets;
  __u64 cookies;
  __u32 count;
  __u32 multi_flags;
  __u32 pid;
  __u32 _pad0;
};
static_assert(offsetof(MultiAttr, path) == 16 && offsetof(MultiAttr, pid) == 56);

/** A name for an open file that needs no name of its own: deleted, in a container, a memfd. */
std::string PathOf(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

Fd LinkMulti(int program, const std::string& path, const std::vector<uint64_t>& offsets,
             bool on_return, uint64_t cookie) {
  const std::vector<uint64_t> cookies(offsets.size(), cookie);
  MultiAttr attr = {};
  attr.cookies = reinterpret_cast<__u64>(cookies.data());
  attr.prog_fd = static_cast<__u32>(program);
  attr.attach_type = kTraceUprobeMulti;
  attr.path = reinterpret_cast<__u64>(path.c_str());
  attr.offsets = reinterpret_cast<__u64>(offsets.data());
  attr.count = static_cast<__u32>(offsets.size());
  attr.multi_flags = on_return ? kMultiReturn : 0;
  return Fd(static_cast<int>(syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr))));
}

Fd LoadTrialProgram(const bpf_prog_load_opts* options) {
  const std::array<bpf_insn, 2> program = {{
      {BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  }};
  return Fd(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "wf_probe_uprobe", "GPL", program.data(),
                          program.size(), options));
}

/** Links of perf events carry cookies. A kernel that knows them looks at the descriptors, and finds none. */
bool HasPerfLink() {
  const Fd program = LoadTrialProgram(nullptr);
  if (!program) return true;
  const Fd link(bpf_link_create(program.get(), -1, BPF_PERF_EVENT, nullptr));
  return errno == EBADF;
}

}  // namespace

UprobeMode ChooseUprobeMode() {
  Result<Fd> file = TrialFile();
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = kTraceUprobeMulti);
  const Fd program = LoadTrialProgram(&options);
  if (file.ok() && program) {
    const Fd link = LinkMulti(program.get(), PathOf(file.value().get()), {0}, false, 0);
    if (link) return UprobeMode::kMulti;
  }
  return HasPerfLink() ? UprobeMode::kPerf : UprobeMode::kBare;
}

void PrepareUprobe(UprobeMode mode, bpf_program* program) {
  if (mode == UprobeMode::kMulti) bpf_program__set_expected_attach_type(program, kTraceUprobeMulti);
}

Status AttachUprobe(UprobeMode mode, const UprobeSite& site, int fd, uint64_t cookie,
                    LinkSet& links) {
  const std::string path = PathOf(fd);
  const std::string operation = std::string("attach ") + bpf_program__name(site.program);
  if (mode == UprobeMode::kMulti) {
    Fd link = LinkMulti(bpf_program__fd(site.program), path, site.offsets, site.on_return, cookie);
    if (!link) return LastError(operation);
    links.Add(AnyLink(std::move(link)));
    return {};
  }
  constexpr pid_t kEveryProcess = -1;
  LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = mode == UprobeMode::kBare ? 0 : cookie,
              .retprobe = site.on_return);
  for (const uint64_t offset : site.offsets) {
    BpfLink link(bpf_program__attach_uprobe_opts(site.program, kEveryProcess, path.c_str(), offset,
                                                 &options));
    if (link == nullptr) return LastError(operation);
    links.Add(AnyLink(std::move(link)));
  }
  return {};
}

}  // namespace wf
