// Sensor's probes on TLS libraries: SSL_write has the programs wf_ssl_write_enter and _exit.
#include <algorithm>

#include "sensor.h"

namespace wf {

Result<std::vector<UprobeSite>> Sensor::SitesOf(const TlsSite& site) const {
  constexpr std::string_view kPrefix = "SSL_";
  const Refusal unknown = {"attach " + site.function, EINVAL, "no program reads that function"};
  if (!site.function.starts_with(kPrefix)) return unknown;
  const std::string base = "wf_ssl_" + site.function.substr(kPrefix.size());

  std::vector<UprobeSite> sites;
  for (const Program& program : programs_) {
    const std::string_view name = bpf_program__name(program.program);
    const bool on_return = name == base + "_exit";
    if (!on_return && name != base && name != base + "_enter") continue;
    if (program.state == ProgramState::kUnsupported)
      return Refusal{"attach " + site.function, EOPNOTSUPP, program.detail};
    sites.push_back({program.program, site.offset, on_return});
  }
  if (sites.empty()) return unknown;
  // Returns first: a call that begins in between then is no call, rather than one that never ends.
  std::stable_partition(sites.begin(), sites.end(),
                        [](const UprobeSite& one) { return one.on_return; });
  return sites;
}

Result<uint32_t> Sensor::AttachTls(int fd, const std::vector<TlsSite>& sites) {
  Attachment attachment;
  for (const TlsSite& site : sites) {
    Result<std::vector<UprobeSite>> probes = SitesOf(site);
    if (!probes.ok()) return probes.refusal();
    for (const UprobeSite& probe : probes.value()) {
      Result<AnyLink> link = AttachUprobe(uprobe_mode_, probe, fd);
      if (!link.ok()) return link.refusal();
      attachment.programs.push_back(probe.program);
      attachment.links.Add(std::move(link.value()));
    }
  }
  const uint32_t id = next_tls_id_++;
  tls_.emplace(id, std::move(attachment));
  return id;
}

LinkSet Sensor::ReleaseTls(uint32_t id) {
  auto found = tls_.extract(id);
  return found ? std::move(found.mapped().links) : LinkSet();
}

}  // namespace wf
