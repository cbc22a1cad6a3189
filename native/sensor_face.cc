#include "sensor_face.h"

#include <unistd.h>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "args.h"
#include "errors.h"

namespace wf {
namespace {

constexpr const char* kStates[] = {"ready", "attached", "unsupported", "failed"};

SensorSettings ReadSettings(Args& args) {
  SensorSettings settings;
  const Napi::Object options = args.Object(0, "options");
  if (!args.ok()) return settings;
  const Napi::Value sizes = options.Get("rings");
  if (!sizes.IsObject()) args.Fail("options.rings", "must be an object");
  constexpr const char* kRings[WF_RING_COUNT] = {"lifecycle", "network", "payload"};
  constexpr uint32_t kMaxRing = 1U << 30;
  const auto page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  for (size_t ring = 0; args.ok() && ring < WF_RING_COUNT; ++ring) {
    const auto bytes = args.Member(sizes.As<Napi::Object>(), kRings[ring], kMaxRing);
    settings.ring_bytes[ring] = static_cast<uint32_t>(bytes);
    if (args.ok() && (!std::has_single_bit(bytes) || bytes < page))
      args.Fail(kRings[ring], "must be a power of two and at least a page");
  }
  if (!args.ok()) return settings;
  const Napi::Value cgroup = options.Get("cgroup");
  if (!cgroup.IsNull()) settings.cgroup = args.Text(cgroup, "cgroup");
  const Napi::Value pins = options.Get("pinDirectory");
  if (!pins.IsUndefined()) settings.pin_directory = args.Text(pins, "pinDirectory");
  constexpr uint32_t kMaxCall = WF_TLS_CHUNK_MAX * WF_TLS_CHUNKS_MAX;
  settings.max_call_bytes = static_cast<uint32_t>(args.Member(options, "maxCallBytes", kMaxCall));
  constexpr uint32_t kMinProcesses = 1024;
  constexpr uint32_t kMaxProcesses = 1U << 20;
  settings.max_processes =
      static_cast<uint32_t>(args.Member(options, "maxProcesses", kMaxProcesses));
  if (args.ok() && settings.max_processes < kMinProcesses)
    args.Fail("maxProcesses", "must be at least " + std::to_string(kMinProcesses));
  settings.wake_bytes = static_cast<uint32_t>(args.Member(options, "wakeBytes", kMaxRing));
  return settings;
}

std::vector<TlsSite> ReadSites(Args& args, size_t index) {
  constexpr uint64_t kMaxOffset = 1ULL << 40;
  std::vector<TlsSite> sites;
  args.ForEachObject(index, "sites", [&](Napi::Object site) {
    sites.push_back(
        {args.Text(site.Get("call"), "call"), args.Member(site, "entry", kMaxOffset), {}});
    args.ForEach(site.Get("returns"), "returns", [&](Napi::Value offset) {
      sites.back().returns.push_back(args.Integer(offset, "returns", kMaxOffset));
    });
  });
  if (args.ok() && sites.empty()) args.Fail("sites", "must name a call");
  return sites;
}

Napi::Object Describe(Napi::Env env, const Program& program) {
  Napi::Object status = Napi::Object::New(env);
  status.Set("name", bpf_program__name(program.program));
  status.Set("family", Napi::String::New(env, std::string(program.family->name)));
  status.Set("state", kStates[static_cast<size_t>(program.state)]);
  status.Set("errno", Napi::Number::New(env, program.error));
  status.Set("detail", Napi::String::New(env, program.detail));
  return status;
}

}  // namespace

Napi::Function SensorFace::Define(Napi::Env env) {
  return DefineClass(env, "Sensor",
                     {
                         InstanceAccessor<&SensorFace::WireVersion>("wireVersion"),
                         InstanceMethod<&SensorFace::Pinning>("pinning"),
                         InstanceMethod<&SensorFace::Adopted>("adopted"),
                         InstanceMethod<&SensorFace::Attach>("attach"),
                         InstanceMethod<&SensorFace::Detach>("detach"),
                         InstanceMethod<&SensorFace::Programs>("programs"),
                         InstanceMethod<&SensorFace::TakeLog>("takeLog"),
                         InstanceMethod<&SensorFace::SetCandidates>("setCandidates"),
                         InstanceMethod<&SensorFace::SetEnvironment>("setEnvironment"),
                         InstanceMethod<&SensorFace::Seeds>("seeds"),
                         InstanceMethod<&SensorFace::SetVerdict>("setVerdict"),
                         InstanceMethod<&SensorFace::DeleteVerdict>("deleteVerdict"),
                         InstanceMethod<&SensorFace::Remember>("remember"),
                         InstanceMethod<&SensorFace::SetScope>("setScope"),
                         InstanceMethod<&SensorFace::DeleteScope>("deleteScope"),
                         InstanceMethod<&SensorFace::WatchRelay>("watchRelay"),
                         InstanceMethod<&SensorFace::EndRelay>("endRelay"),
                         InstanceMethod<&SensorFace::AttachTls>("attachTls"),
                         InstanceMethod<&SensorFace::DetachTls>("detachTls"),
                         InstanceMethod<&SensorFace::Hits>("hits"),
                         InstanceMethod<&SensorFace::Start>("start"),
                         InstanceMethod<&SensorFace::Pause>("pause"),
                         InstanceMethod<&SensorFace::Resume>("resume"),
                         InstanceMethod<&SensorFace::Drain>("drain"),
                         InstanceMethod<&SensorFace::Counters>("counters"),
                         InstanceMethod<&SensorFace::Close>("close"),
                     });
}

SensorFace::SensorFace(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SensorFace>(info) {
  Args args(info);
  const SensorSettings settings = ReadSettings(args);
  if (!args.ok()) return;
  Result<std::unique_ptr<Sensor>> sensor = Sensor::Open(settings, log_);
  if (!sensor.ok()) {
    Throw(info.Env(), sensor.refusal());
    return;
  }
  Result<std::unique_ptr<RingReader>> reader = RingReader::Open(*sensor.value(), log_);
  if (!reader.ok()) {
    Throw(info.Env(), reader.refusal());
    return;
  }
  sensor_ = std::move(sensor.value());
  reader_ = std::move(reader.value());
}

bool SensorFace::IsOpen(Napi::Env env) const {
  if (sensor_ == nullptr) Throw(env, {"use sensor", EBADF, "the sensor is closed"});
  return sensor_ != nullptr;
}

Napi::Value SensorFace::WireVersion(const Napi::CallbackInfo& info) {
  if (!IsOpen(info.Env())) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), sensor_->wire_version());
}

void SensorFace::Attach(const Napi::CallbackInfo& info) {
  if (!IsOpen(info.Env())) return;
  const LogScope scope(log_);
  ThrowIf(info.Env(), sensor_->Attach());
}

void SensorFace::Detach(const Napi::CallbackInfo& info) {
  if (IsOpen(info.Env())) sensor_->Detach();
}

Napi::Value SensorFace::Programs(const Napi::CallbackInfo& info) {
  if (!IsOpen(info.Env())) return info.Env().Undefined();
  Napi::Array statuses = Napi::Array::New(info.Env());
  for (const Program& program : sensor_->Programs())
    statuses.Set(statuses.Length(), Describe(info.Env(), program));
  return statuses;
}

Napi::Value SensorFace::TakeLog(const Napi::CallbackInfo& info) {
  Napi::Array lines = Napi::Array::New(info.Env());
  for (const std::string& line : log_.Take()) lines.Set(lines.Length(), line);
  return lines;
}

Napi::Value SensorFace::Seeds(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!IsOpen(env)) return env.Undefined();
  const LogScope scope(log_);
  Result<std::vector<uint8_t>> seeds = sensor_->Seeds();
  if (!seeds.ok()) {
    Throw(env, seeds.refusal());
    return env.Undefined();
  }
  return Napi::Buffer<uint8_t>::Copy(env, seeds.value().data(), seeds.value().size());
}

Napi::Value SensorFace::AttachTls(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Args args(info);
  const int fd = args.Descriptor(0, "fd");
  const std::vector<TlsSite> sites = ReadSites(args, 1);
  if (!args.ok() || !IsOpen(env)) return env.Undefined();
  const LogScope scope(log_);
  Result<uint32_t> id = sensor_->AttachTls(fd, sites);
  if (id.ok()) return Napi::Number::New(env, id.value());
  Throw(env, id.refusal());
  return env.Undefined();
}

void SensorFace::DetachTls(const Napi::CallbackInfo& info) {
  Args args(info);
  const uint32_t id = args.U32(0, "id");
  if (!args.ok() || !IsOpen(info.Env())) return;
  EndLater<LinkSet>::Queue(info.Env(), sensor_->ReleaseTls(id));
}

Napi::Value SensorFace::Hits(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!IsOpen(env)) return env.Undefined();
  Napi::Array hits = Napi::Array::New(env);
  for (const auto& [id, calls] : sensor_->Hits()) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("id", id);
    one.Set("calls", static_cast<double>(calls));
    hits.Set(hits.Length(), one);
  }
  return hits;
}

Napi::Value SensorFace::Counters(const Napi::CallbackInfo& info) {
  if (!IsOpen(info.Env())) return info.Env().Undefined();
  const wf::Counters& counters = sensor_->counters();
  auto snapshot = Napi::Buffer<uint8_t>::New(info.Env(), counters.bytes());
  counters.Copy(snapshot.Data());
  return snapshot;
}

}  // namespace wf
