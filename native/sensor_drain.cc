// SensorFace's side of the drain: start, pause, resume, one callback a batch, close.
#include "args.h"
#include "errors.h"
#include "sensor_face.h"

namespace wf {
namespace {

constexpr uint64_t kMaxBatchBytes = 256 * 1024 * 1024;

}  // namespace

void SensorFace::Start(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Args args(info);
  const Napi::Function on_batch = args.Function(0, "onBatch");
  const Napi::Object options = args.Object(1, "options");
  constexpr uint64_t kMaxPollMs = 60'000;
  const uint64_t poll_ms = args.Member(options, "pollMs", kMaxPollMs);
  const uint64_t bytes = args.Member(options, "maxBatchBytes", kMaxBatchBytes);
  if (args.ok() && poll_ms == 0) args.Fail("pollMs", "must be at least 1");
  if (args.ok() && bytes < RingReader::kMinBatchBytes)
    args.Fail("maxBatchBytes", "must be at least " + std::to_string(RingReader::kMinBatchBytes));
  if (!args.ok() || !IsOpen(env)) return;
  if (reader_->started()) return Throw(env, {"start", EALREADY, "the sensor is started"});
  if (auto refused = reader_->Start(env, *this, {poll_ms, bytes})) return Throw(env, *refused);
  on_batch_ = Napi::Persistent(on_batch);
  // A started sensor lives until close() or the environment's end, whoever forgets it.
  Ref();
}

void SensorFace::OnBatch(Napi::Env env, Napi::Object batch) {
  on_batch_.MakeCallback(Value(), {batch});
  if (!env.IsExceptionPending()) return;
  // As for any callback of the event loop: 'uncaughtException', not an error of whoever runs next.
  napi_fatal_exception(env, env.GetAndClearPendingException().Value());
}

void SensorFace::Pause(const Napi::CallbackInfo& info) {
  if (IsOpen(info.Env())) reader_->Pause();
}

void SensorFace::Resume(const Napi::CallbackInfo& info) {
  if (IsOpen(info.Env())) reader_->Resume();
}

Napi::Value SensorFace::Drain(const Napi::CallbackInfo& info) {
  Args args(info);
  if (!IsOpen(info.Env())) return info.Env().Undefined();
  const bool asked = args.size() > 0 && !info[0].IsUndefined();
  const uint64_t max =
      asked ? args.Integer(0, "maxBytes", kMaxBatchBytes) : reader_->max_batch_bytes();
  if (args.ok() && max < RingReader::kMinBatchBytes)
    args.Fail("maxBytes", "must be at least " + std::to_string(RingReader::kMinBatchBytes));
  return args.ok() ? reader_->Drain(info.Env(), max) : info.Env().Undefined();
}

void SensorFace::Close(const Napi::CallbackInfo&) {
  if (reader_ == nullptr) return;
  const bool started = reader_->started();
  sensor_->Unpin();
  reader_.reset();
  sensor_.reset();
  if (!started) return;
  on_batch_.Reset();
  Unref();
}

}  // namespace wf
