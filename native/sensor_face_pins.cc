// SensorFace's side of the pins: what became of them, and what an earlier process left in them.
#include "errors.h"
#include "sensor_face.h"

namespace wf {
namespace {

constexpr const char* kStates[] = {"off", "pinned", "refused"};

Napi::Object Describe(Napi::Env env, size_t index, const Ledger::Lane& lane) {
  Napi::Array lost = Napi::Array::New(env, lane.lost.size());
  for (uint32_t cause = 0; cause < lane.lost.size(); ++cause)
    lost.Set(cause, Napi::Number::New(env, static_cast<double>(lane.lost[cause])));
  Napi::Object object = Napi::Object::New(env);
  object.Set("cpu", Napi::Number::New(env, static_cast<double>(index / WF_RING_COUNT)));
  object.Set("ring", Napi::Number::New(env, static_cast<double>(index % WF_RING_COUNT)));
  object.Set("taken", Napi::Number::New(env, static_cast<double>(lane.taken)));
  object.Set("next", Napi::Number::New(env, static_cast<double>(lane.next)));
  object.Set("lost", lost);
  return object;
}

Napi::Object Describe(Napi::Env env, const Note& note) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("rootTgid", Napi::Number::New(env, note.root.tgid));
  object.Set("rootStartNs", Napi::BigInt::New(env, static_cast<uint64_t>(note.root.start_ns)));
  object.Set("text", note.text);
  return object;
}

}  // namespace

Napi::Value SensorFace::Pinning(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!IsOpen(env)) return env.Undefined();
  const wf::Pinning& pinning = sensor_->pinning();
  Napi::Object object = Napi::Object::New(env);
  object.Set("state", kStates[static_cast<size_t>(pinning.state)]);
  object.Set("adopted", pinning.adopted);
  object.Set("links", Napi::Number::New(env, static_cast<double>(pinning.links)));
  object.Set("discarded", Napi::Number::New(env, static_cast<double>(pinning.discarded)));
  object.Set("detail", pinning.state == wf::Pinning::State::kRefused ? Text(pinning.refusal) : "");
  return object;
}

Napi::Value SensorFace::Adopted(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!IsOpen(env)) return env.Undefined();
  if (!sensor_->pinning().adopted) return env.Null();
  Result<std::vector<Note>> notes = sensor_->scope().Notes();
  if (!notes.ok()) {
    Throw(env, notes.refusal());
    return env.Undefined();
  }
  Napi::Array lanes = Napi::Array::New(env);
  for (const Ledger::Lane& lane : reader_->Lanes())
    lanes.Set(lanes.Length(), Describe(env, lanes.Length(), lane));
  Napi::Array roots = Napi::Array::New(env);
  for (const Note& note : notes.value()) roots.Set(roots.Length(), Describe(env, note));
  Napi::Object object = Napi::Object::New(env);
  object.Set("lanes", lanes);
  object.Set("notes", roots);
  return object;
}

}  // namespace wf
