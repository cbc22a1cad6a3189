// class Sensor of index.d.ts: checks arguments, calls Sensor, turns refusals into errors.
#pragma once

#include <napi.h>
#include <memory>

#include "log.h"
#include "ring_reader.h"
#include "sensor.h"

namespace wf {

class SensorFace : public Napi::ObjectWrap<SensorFace>, public BatchSink {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit SensorFace(const Napi::CallbackInfo& info);
  void OnBatch(Napi::Env env, Napi::Object batch) override;

 private:
  Napi::Value WireVersion(const Napi::CallbackInfo& info);
  Napi::Value Pinning(const Napi::CallbackInfo& info);
  Napi::Value Adopted(const Napi::CallbackInfo& info);
  void Attach(const Napi::CallbackInfo& info);
  void Detach(const Napi::CallbackInfo& info);
  Napi::Value Programs(const Napi::CallbackInfo& info);
  Napi::Value TakeLog(const Napi::CallbackInfo& info);
  void SetCandidates(const Napi::CallbackInfo& info);
  void SetEnvironment(const Napi::CallbackInfo& info);
  Napi::Value Seeds(const Napi::CallbackInfo& info);
  void SetVerdict(const Napi::CallbackInfo& info);
  void DeleteVerdict(const Napi::CallbackInfo& info);
  void Remember(const Napi::CallbackInfo& info);
  void SetScope(const Napi::CallbackInfo& info);
  void DeleteScope(const Napi::CallbackInfo& info);
  void WatchRelay(const Napi::CallbackInfo& info);
  void EndRelay(const Napi::CallbackInfo& info);
  Napi::Value AttachTls(const Napi::CallbackInfo& info);
  void DetachTls(const Napi::CallbackInfo& info);
  Napi::Value Hits(const Napi::CallbackInfo& info);
  void Start(const Napi::CallbackInfo& info);
  void Pause(const Napi::CallbackInfo& info);
  void Resume(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value Counters(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  /** False, with an exception pending, after close() or a failed construction. */
  bool IsOpen(Napi::Env env) const;

  // Destroyed from the last to the first: the reader reads the sensor's maps, both write the log.
  Log log_;
  std::unique_ptr<Sensor> sensor_;
  std::unique_ptr<RingReader> reader_;
  Napi::FunctionReference on_batch_;
};

}  // namespace wf
