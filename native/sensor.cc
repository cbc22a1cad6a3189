#include "sensor.h"

#include <bpf/bpf.h>
#include <unistd.h>
#include <algorithm>
#include <utility>

#include "cgroup_attach.h"
#include "kernel_probe.h"
#include "signals_held.h"

namespace wf {
namespace {

constexpr const char* kRingMaps[WF_RING_COUNT] = {"wf_ring_lifecycle", "wf_ring_network",
                                                  "wf_ring_payload"};

std::string_view SectionOf(const Program& program) {
  return bpf_program__section_name(program.program);
}

bool IsTls(const Program& program) { return program.family->name == "tls"; }
bool IsCgroup(const Program& program) { return SectionOf(program).starts_with("cgroup"); }
bool IsUnixConnect(const Program& program) { return SectionOf(program) == "cgroup/connect_unix"; }
bool IsIterator(const Program& program) { return SectionOf(program).starts_with("iter/"); }

void LeaveOut(Program& program, int error, std::string detail) {
  bpf_program__set_autoload(program.program, false);
  program.state = ProgramState::kUnsupported;
  program.error = error;
  program.detail = std::move(detail);
}

}  // namespace

Sensor::~Sensor() { EndLinks(); }

Result<std::unique_ptr<Sensor>> Sensor::Open(const SensorSettings& settings, Log& log) {
  const LogScope scope(log);
  const SignalsHeld held;
  std::map<std::string, int> left_out;
  bool discarded = false;
  for (;;) {
    std::unique_ptr<Sensor> sensor(new Sensor(settings));
    if (auto refused = sensor->Prepare(left_out)) return *refused;
    sensor->OpenPins();
    const size_t said = log.added();
    const int result = bpf_object__load(sensor->object_.get());
    Status refused = Refusal{"load BPF object", -result};
    if (result == 0) refused = sensor->Finish();
    if (!refused) return sensor;
    // An object cannot be loaded a second time: start over without the program that was refused.
    const std::string culprit = log.LastFailedProgram(said);
    const auto found =
        std::find_if(sensor->programs_.begin(), sensor->programs_.end(),
                     [&](const Program& p) { return bpf_program__name(p.program) == culprit; });
    const bool optional = found != sensor->programs_.end() && !found->family->required;
    if (optional && left_out.emplace(culprit, -result).second) continue;
    if (!culprit.empty()) refused->operation = "load " + culprit;
    // What was adopted may be what the kernel does not take: once more without it.
    const bool adopted = std::exchange(sensor->pinning_.adopted, false);
    sensor->Unpin();
    if (!adopted || std::exchange(discarded, true)) return *refused;
  }
}

Status Sensor::Prepare(const std::map<std::string, int>& left_out) {
  Result<BtfPtr> kernel = KernelTypes();
  if (!kernel.ok()) return kernel.refusal();
  Result<BpfObjectPtr> object = OpenBpfObject();
  if (!object.ok()) return object.refusal();
  object_ = std::move(object.value());
  uprobe_mode_ = ChooseUprobeMode();

  bpf_program* program = nullptr;
  while ((program = bpf_object__next_program(object_.get(), program)) != nullptr) {
    const Family* family = FamilyOf(program);
    if (family == nullptr)
      return Refusal{std::string("open ") + bpf_program__name(program), EINVAL,
                     "its section belongs to no family"};
    programs_.push_back({program, family});
  }
  LeaveOutUnsupported(kernel.value().get());
  for (Program& p : programs_) {
    const auto refused = left_out.find(bpf_program__name(p.program));
    if (refused != left_out.end())
      LeaveOut(p, refused->second, "this kernel refuses to load it; the log has its words");
  }
  return SetMapSizes();
}

void Sensor::LeaveOutUnsupported(const btf* kernel) {
  constexpr std::string_view kTracepoint = "tp_btf/";
  std::string no_cgroup = "no cgroup v2 file system is mounted";
  int cgroup_error = ENOENT;
  if (settings_.cgroup) {
    Result<Fd> opened = OpenCgroup(*settings_.cgroup);
    if (opened.ok()) {
      cgroup_ = std::move(opened.value());
    } else {
      cgroup_error = opened.refusal().error;
      no_cgroup = *settings_.cgroup + " is not a cgroup v2 mount point";
    }
  }
  for (Program& p : programs_) {
    const std::string_view section = SectionOf(p);
    if (IsTls(p)) PrepareUprobe(uprobe_mode_, p.program);
    if (IsUnixConnect(p) && !PrepareUnixConnect(kernel, p.program))
      LeaveOut(p, ENOENT,
               "this kernel has no cgroup hook for unix sockets, which came with Linux 6.7");
    if (IsCgroup(p) && !cgroup_) LeaveOut(p, cgroup_error, no_cgroup);
    if (!section.starts_with(kTracepoint)) continue;
    const std::string tracepoint(section.substr(kTracepoint.size()));
    if (!HasTracepoint(kernel, tracepoint))
      LeaveOut(p, ENOENT, "this kernel has no tracepoint " + tracepoint);
  }
}

Status Sensor::SetMapSizes() {
  const auto set = [this](const char* name, uint32_t entries) -> Status {
    bpf_map* map = bpf_object__find_map_by_name(object_.get(), name);
    const int result = map == nullptr ? -ENOENT : bpf_map__set_max_entries(map, entries);
    if (result != 0) return Refusal{std::string("size map ") + name, -result};
    return {};
  };
  for (size_t ring = 0; ring < WF_RING_COUNT; ++ring)
    if (auto refused = set(kRingMaps[ring], settings_.ring_bytes[ring])) return refused;
  // As many roots as a quarter of the processes: most lineages have more than four.
  constexpr uint32_t kMinRoots = 1024;
  if (auto refused = set("wf_scope_map", settings_.max_processes)) return refused;
  if (auto refused = set("wf_verdict_map", std::max(kMinRoots, settings_.max_processes / 4)))
    return refused;
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return Refusal{"count CPUs", -cpus};
  cpus_ = static_cast<size_t>(cpus);
  if (auto refused = set("wf_ledger", static_cast<uint32_t>(Ledger::Words(cpus_)))) return refused;
  return set("wf_counters", static_cast<uint32_t>(cpus) * WF_RING_COUNT);
}

Status Sensor::Finish() {
  Result<uint32_t> version = ReadWireVersion(object_.get());
  if (!version.ok()) return version.refusal();
  wire_version_ = version.value();

  Result<Scope> scope = Scope::Of(object_.get());
  if (!scope.ok()) return scope.refusal();
  scope_ = std::move(scope.value());

  const bpf_map* map = bpf_object__find_map_by_name(object_.get(), "wf_counters");
  Result<Counters> counters = Counters::Map(bpf_map__fd(map), bpf_map__max_entries(map));
  if (!counters.ok()) return counters.refusal();
  counters_ = std::move(counters.value());

  if (pinning_.adopted) {
    if (auto refused = scope_->Adopt()) return refused;
  } else {
    PinMaps();
  }
  wf_tunables tunables = {};
  tunables.max_call_bytes = settings_.max_call_bytes;
  tunables.wake_bytes = settings_.wake_bytes;
  return scope_->SetTunables(tunables);
}

int Sensor::RingMap(wf_ring ring) const {
  return bpf_object__find_map_fd_by_name(object_.get(), kRingMaps[ring]);
}

int Sensor::LedgerMap() const {
  return bpf_object__find_map_fd_by_name(object_.get(), "wf_ledger");
}

Status Sensor::Attach() {
  attached_ = true;
  // First the old ones: nothing must be seen twice. What happens in between is nobody's.
  if (pins_) pinning_.discarded += pins_->RemoveOthers();
  for (Program& program : programs_) {
    if (program.state != ProgramState::kReady || IsTls(program) || IsIterator(program)) continue;
    const Status refused = AttachFixed(program);
    program.state = refused ? ProgramState::kFailed : ProgramState::kAttached;
    if (!refused) continue;
    program.error = refused->error;
    program.detail = "this kernel refuses to attach it";
    if (program.family->required) {
      Detach();
      return refused;
    }
  }
  return {};
}

Status Sensor::AttachFixed(Program& program) {
  if (IsCgroup(program)) {
    Result<BpfLink> link = AttachCgroup(program.program, cgroup_);
    if (!link.ok()) return link.refusal();
    PinLink(program, bpf_link__fd(link.value().get()));
    links_.Add(std::move(link.value()));
    return {};
  }
  BpfLink link(bpf_program__attach(program.program));
  if (link == nullptr)
    return LastError(std::string("attach ") + bpf_program__name(program.program));
  PinLink(program, bpf_link__fd(link.get()));
  links_.Add(std::move(link));
  return {};
}

void Sensor::Detach() {
  if (pins_ && attached_) pins_->RemoveLinks();
  EndLinks();
}

void Sensor::EndLinks() {
  LinkSet all(std::move(links_));
  for (auto& [id, attachment] : tls_) all.Add(std::move(attachment.links));
  tls_.clear();
  for (Program& program : programs_)
    if (program.state == ProgramState::kAttached) program.state = ProgramState::kReady;
}

std::vector<Program> Sensor::Programs() const {
  std::vector<Program> programs = programs_;
  for (const auto& [id, attachment] : tls_)
    for (Program& program : programs)
      if (std::ranges::count(attachment.programs, program.program) > 0)
        program.state = ProgramState::kAttached;
  return programs;
}

Result<std::vector<uint8_t>> Sensor::Seeds() const {
  constexpr size_t kChunk = 64 * 1024;
  constexpr size_t kMaxBytes = 64 * 1024 * 1024;  // more processes than any pid_max in use
  const auto found = std::find_if(programs_.begin(), programs_.end(), IsIterator);
  if (found == programs_.end()) return Refusal{"read tasks", ENOENT};
  const BpfLink link(bpf_program__attach_iter(found->program, nullptr));
  if (link == nullptr) return LastError("attach task iterator");
  const Fd stream(bpf_iter_create(bpf_link__fd(link.get())));
  if (!stream) return LastError("open task iterator");

  std::vector<uint8_t> seeds;
  for (;;) {
    const size_t used = seeds.size();
    seeds.resize(used + kChunk);
    const ssize_t count = read(stream.get(), seeds.data() + used, kChunk);
    seeds.resize(used + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return seeds;
    if (count < 0 && errno != EAGAIN && errno != EINTR) return LastError("read tasks");
    if (seeds.size() > kMaxBytes) return Refusal{"read tasks", EOVERFLOW};
  }
}

}  // namespace wf
