#pragma once

#include <napi.h>

namespace wf {

/** The object `posix` of index.d.ts. */
Napi::Object DefinePosix(Napi::Env env);

}  // namespace wf
