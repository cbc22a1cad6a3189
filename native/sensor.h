// The BPF object's life: open, settle, load, attach, detach. Knows programs by their section only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpf_link.h"
#include "bpf_object.h"
#include "counters.h"
#include "fd.h"
#include "ledger.h"
#include "log.h"
#include "pins.h"
#include "refusal.h"
#include "scope.h"
#include "uprobe_attach.h"
#include "wire/wire.h"

namespace wf {

struct SensorSettings {
  /** Bytes, by enum wf_ring. */
  std::array<uint32_t, WF_RING_COUNT> ring_bytes = {};
  /** Mount point of cgroup v2. */
  std::optional<std::string> cgroup;
  uint32_t max_call_bytes = 0;
  uint32_t wake_bytes = 0;
  /** Living processes of lineages that can be known at the same time. */
  uint32_t max_processes = 0;
  /** A directory of a bpf file system that is ours alone, or none: nothing outlives the process then. */
  std::optional<std::string> pin_directory;
};

/** What became of keeping the kernel state. */
struct Pinning {
  enum class State { kOff, kPinned, kRefused };
  State state = State::kOff;
  /** State of an earlier process was taken over, with so many links. */
  bool adopted = false;
  size_t links = 0;
  /** Directories that another build had left, removed. */
  size_t discarded = 0;
  Refusal refusal = {};
};

enum class ProgramState { kReady, kAttached, kUnsupported, kFailed };

struct Program {
  bpf_program* program;
  const Family* family;
  ProgramState state = ProgramState::kReady;
  int error = 0;
  std::string detail = {};
  /** The link of an earlier process, taken over: the program is not loaded again. */
  bool adopted = false;
};

/** ProbeSite of src/event/probe.ts: how a function is called, and offsets into its file. */
struct TlsSite {
  std::string call;
  uint64_t entry;
  /** Instructions that leave it; empty: a return probe at the entry. */
  std::vector<uint64_t> returns;
};

class Sensor {
 public:
  /** Programs this kernel cannot load are left out and say why; refused when a required one is. */
  static Result<std::unique_ptr<Sensor>> Open(const SensorSettings& settings, Log& log);
  ~Sensor();

  uint32_t wire_version() const { return wire_version_; }
  Scope& scope() { return *scope_; }
  const Counters& counters() const { return counters_; }
  /** Map descriptor and bytes of a ring. */
  int RingMap(wf_ring ring) const;
  uint32_t RingBytes(wf_ring ring) const { return settings_.ring_bytes[ring]; }
  int LedgerMap() const;
  size_t cpus() const { return cpus_; }
  const Pinning& pinning() const { return pinning_; }
  bool is_pinned() const { return pinning_.state == Pinning::State::kPinned; }

  /** Attaches what needs no file: all families but tls. Refused when a required program is. */
  Status Attach();
  /** Detaches everything, pinned or not; maps and what is in the rings stay. */
  void Detach();
  /** Gives the pinned state up. A sensor that adopted it and never attached leaves it as it found it. */
  void Unpin();
  std::vector<Program> Programs() const;
  /** The task iterator's output: struct wf_seed, one after another. */
  Result<std::vector<uint8_t>> Seeds() const;
  /** All sites or none. The id is for ReleaseTls, and every wf_tls_data of these probes has it: unique per boot. */
  Result<uint32_t> AttachTls(int fd, const std::vector<TlsSite>& sites);
  /** The probes of that id; they end with what is returned. None when there is no such id. */
  LinkSet ReleaseTls(uint32_t id);
  /** Calls that met a probe, by the id of AttachTls. */
  std::map<uint32_t, uint64_t> Hits() const;

 private:
  struct Attachment {
    std::vector<const bpf_program*> programs;
    LinkSet links;
    /** Where its calls are counted; 0: nowhere. */
    uint32_t slot = 0;
    /** What an earlier one had counted there. */
    uint64_t calls_before = 0;
  };

  explicit Sensor(const SensorSettings& settings) : settings_(settings) {}
  /** `left_out`: program to errno, from earlier tries to load. */
  Status Prepare(const std::map<std::string, int>& left_out);
  Status SetMapSizes();
  Status Finish();
  void EndLinks();

  // sensor_pins.cc
  std::string BuildName() const;
  /** Finds the pins, and takes over what an earlier process of this build left in them. */
  void OpenPins();
  void PinMaps();
  void PinLink(const Program& program, int link);
  /** Goes on without pins. */
  void RefusePins(const Refusal& refusal);
  void LeaveOutUnsupported(const btf* kernel);
  Status AttachFixed(Program& program);
  Result<std::vector<UprobeSite>> SitesOf(const TlsSite& site) const;
  uint32_t FreeSlot() const;
  uint32_t NextTlsId();
  uint64_t CallsOf(uint32_t slot) const;

  SensorSettings settings_;
  BpfObjectPtr object_;
  std::vector<Program> programs_;
  UprobeMode uprobe_mode_ = UprobeMode::kMulti;
  Fd cgroup_;
  size_t cpus_ = 0;
  std::optional<Pins> pins_;
  Pinning pinning_;
  bool attached_ = false;
  uint32_t wire_version_ = 0;
  std::optional<Scope> scope_;
  Counters counters_;
  LinkSet links_;
  std::map<uint32_t, Attachment> tls_;
  /** The last one given; 0: none was. */
  uint32_t next_tls_id_ = 0;
};

}  // namespace wf
