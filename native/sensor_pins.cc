// Sensor's pins: taking over what an earlier process of the same build left, and leaving it for the next one.
#include <array>
#include <cstdio>

#include "sensor.h"

namespace wf {
namespace {

/** Changes when the meaning of a pinned map does that no program knows: ledger, notes. */
constexpr unsigned kPinFormat = 1;

}  // namespace

std::string Sensor::BuildName() const {
  uint64_t hash = BuildNumber();
  const auto mix = [&hash](uint64_t value) { hash = (hash ^ value) * 0x100000001b3; };
  for (const uint32_t bytes : settings_.ring_bytes) mix(bytes);
  mix(cpus_);
  mix(settings_.max_processes);
  for (const char byte : settings_.cgroup.value_or("")) mix(static_cast<uint8_t>(byte));
  std::array<char, 32> name = {};
  snprintf(name.data(), name.size(), "v%u-%016llx", kPinFormat,
           static_cast<unsigned long long>(hash));
  return name.data();
}

void Sensor::OpenPins() {
  if (!settings_.pin_directory) return;
  Result<Pins> pins = Pins::Open(*settings_.pin_directory, BuildName());
  if (!pins.ok()) return RefusePins(pins.refusal());
  pins_ = std::move(pins.value());
  pinning_.state = Pinning::State::kPinned;
  pinning_.adopted = pins_->AdoptMaps(object_.get());
  if (!pinning_.adopted) return;
  for (Program& program : programs_) {
    std::optional<Fd> link = pins_->Link(bpf_program__name(program.program));
    if (!link) continue;
    bpf_program__set_autoload(program.program, false);
    program.state = ProgramState::kAttached;
    links_.Add(std::move(*link));
    ++pinning_.links;
  }
}

void Sensor::PinMaps() {
  if (!pins_) return;
  // Whatever is there was not complete, and is of no use to anybody.
  pins_->RemoveAll();
  Result<Pins> fresh = Pins::Open(*settings_.pin_directory, BuildName());
  const Status refused = fresh.ok() ? fresh.value().PinMaps(object_.get()) : fresh.refusal();
  if (refused) RefusePins(*refused);
}

void Sensor::PinLink(const Program& program, int link) {
  if (!pins_) return;
  const Status refused = pins_->PinLink(bpf_program__name(program.program), link);
  if (refused) RefusePins(*refused);
}

void Sensor::RefusePins(const Refusal& refusal) {
  if (pins_) pins_->RemoveAll();
  pins_.reset();
  pinning_.state = Pinning::State::kRefused;
  pinning_.refusal = refusal;
}

void Sensor::Unpin() {
  const bool left_as_found = pinning_.adopted && !attached_;
  if (!pins_ || left_as_found) return;
  pins_->RemoveAll();
  pins_.reset();
}

}  // namespace wf
