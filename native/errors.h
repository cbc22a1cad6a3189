// The one place where a refusal becomes a JavaScript error.
#pragma once

#include <napi.h>
#include <bpf/libbpf.h>
#include <cstring>
#include <string>

#include "refusal.h"

namespace wf {

/** The errno's name. 524 is the kernel's ENOTSUPP, which reaches user space and has no name there. */
inline std::string ErrorCode(int error) {
  constexpr int kNotSupported = 524;
  constexpr int kFirstOfLibbpf = 4000;
  if (error == kNotSupported) return "ENOTSUPP";
  if (error >= kFirstOfLibbpf) return "ELIBBPF";
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : std::string("E").append(std::to_string(error));
}

/** What strerror and libbpf say about an error number. */
inline std::string ErrorText(int error) {
  char text[128] = {};
  libbpf_strerror(error, text, sizeof(text));
  return text;
}

/** Operation, reason and the errno's name. */
inline std::string Text(const Refusal& refusal) {
  const std::string reason = refusal.detail.empty() ? ErrorText(refusal.error) : refusal.detail;
  return refusal.operation + ": " + reason + " (" + ErrorCode(refusal.error) + ")";
}

/** Throws an Error with `code`, `errno` and `operation`. */
inline void Throw(Napi::Env env, const Refusal& refusal) {
  Napi::Error error = Napi::Error::New(env, Text(refusal));
  error.Set("code", Napi::String::New(env, ErrorCode(refusal.error)));
  error.Set("errno", Napi::Number::New(env, refusal.error));
  error.Set("operation", Napi::String::New(env, refusal.operation));
  error.ThrowAsJavaScriptException();
}

inline void ThrowIf(Napi::Env env, const Status& refused) {
  if (refused) Throw(env, *refused);
}

}  // namespace wf
