// Sensor's probes on TLS libraries: a call `write` has the programs wf_tls_write_enter and _exit.
#include <bpf/bpf.h>
#include <time.h>
#include <algorithm>
#include <numeric>

#include "sensor.h"

namespace wf {

Result<std::vector<UprobeSite>> Sensor::SitesOf(const TlsSite& site) const {
  const std::string operation = "attach " + site.call;
  const std::string base = "wf_tls_" + site.call;

  std::vector<UprobeSite> sites;
  for (const Program& program : programs_) {
    const std::string_view name = bpf_program__name(program.program);
    const bool is_exit = name == base + "_exit";
    if (!is_exit && name != base && name != base + "_enter") continue;
    if (program.state == ProgramState::kUnsupported)
      return Refusal{operation, EOPNOTSUPP, program.detail};
    if (is_exit && !site.returns.empty())
      sites.push_back({program.program, site.returns, false});
    else
      sites.push_back({program.program, {site.entry}, is_exit});
  }
  if (sites.empty()) return Refusal{operation, EINVAL, "no program reads that call"};
  // Returns first: a call that begins in between then is no call, rather than one that never ends.
  std::stable_partition(sites.begin(), sites.end(), [](const UprobeSite& one) {
    return std::string_view(bpf_program__name(one.program)).ends_with("_exit");
  });
  return sites;
}

Result<uint32_t> Sensor::AttachTls(int fd, const std::vector<TlsSite>& sites) {
  Attachment attachment;
  const uint32_t id = NextTlsId();
  attachment.slot = FreeSlot();
  attachment.calls_before = CallsOf(attachment.slot);
  const uint64_t cookie = uint64_t{id} << 32 | attachment.slot;
  for (const TlsSite& site : sites) {
    Result<std::vector<UprobeSite>> probes = SitesOf(site);
    if (!probes.ok()) return probes.refusal();
    for (const UprobeSite& probe : probes.value()) {
      if (auto refused = AttachUprobe(uprobe_mode_, probe, fd, cookie, attachment.links))
        return *refused;
      attachment.programs.push_back(probe.program);
    }
  }
  tls_.emplace(id, std::move(attachment));
  return id;
}

uint32_t Sensor::NextTlsId() {
  // A process before this one may have left records in the rings: its numbers must not be ours. No process attaches
  // 1024 stacks a second for long.
  constexpr unsigned kASecond = 10;
  if (next_tls_id_ == 0) {
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    next_tls_id_ = static_cast<uint32_t>(now.tv_sec + 1) << kASecond;
  }
  if (++next_tls_id_ == 0) ++next_tls_id_;
  return next_tls_id_;
}

uint32_t Sensor::FreeSlot() const {
  std::vector<bool> taken(WF_TLS_STACKS_MAX);
  for (const auto& [id, attachment] : tls_) taken[attachment.slot] = true;
  for (uint32_t slot = 1; slot < WF_TLS_STACKS_MAX; ++slot)
    if (!taken[slot]) return slot;
  return 0;
}

uint64_t Sensor::CallsOf(uint32_t slot) const {
  // Not there in the build for kernels that cannot tell probes apart.
  const int map = bpf_object__find_map_fd_by_name(object_.get(), "wf_tls_hits");
  std::vector<uint64_t> by_cpu(cpus_);
  if (map < 0 || slot == 0 || bpf_map_lookup_elem(map, &slot, by_cpu.data()) != 0) return 0;
  return std::accumulate(by_cpu.begin(), by_cpu.end(), uint64_t{0});
}

std::map<uint32_t, uint64_t> Sensor::Hits() const {
  std::map<uint32_t, uint64_t> hits;
  for (const auto& [id, attachment] : tls_)
    hits.emplace(id, CallsOf(attachment.slot) - attachment.calls_before);
  return hits;
}

LinkSet Sensor::ReleaseTls(uint32_t id) {
  auto found = tls_.extract(id);
  return found ? std::move(found.mapped().links) : LinkSet();
}

}  // namespace wf
