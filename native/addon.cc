// What the addon exports. There is no state beyond the objects it makes: each environment, a worker's as
// well, has its own and they share nothing.
#include <napi.h>

#include "posix_face.h"
#include "sensor_face.h"
#include "wire_layout.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Sensor", wf::SensorFace::Define(env));
  exports.Set("wireLayout", Napi::Function::New<wf::WireLayout>(env, "wireLayout"));
  exports.Set("posix", wf::DefinePosix(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
