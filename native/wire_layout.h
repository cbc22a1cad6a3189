#pragma once

#include <napi.h>

namespace wf {

/** { wf_exec: { SIZE, inode, ... }, ... }: wire.h as this compiler sees it, padding left out. */
Napi::Value WireLayout(const Napi::CallbackInfo& info);

}  // namespace wf
