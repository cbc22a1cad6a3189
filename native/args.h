// Checked reading of arguments. The first bad one throws a TypeError; the rest then read as zero.
#pragma once

#include <napi.h>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace wf {

class Args {
 public:
  explicit Args(const Napi::CallbackInfo& info) : info_(info), env_(info.Env()) {}

  /** False when an argument was bad: leave at once, an exception is pending. */
  bool ok() const { return !failed_; }
  size_t size() const { return info_.Length(); }

  uint64_t Integer(size_t index, const char* name, uint64_t max = kMaxSafe) {
    return Integer(info_[index], name, max);
  }
  uint32_t U32(size_t index, const char* name) {
    return static_cast<uint32_t>(Integer(index, name, UINT32_MAX));
  }
  int Descriptor(size_t index, const char* name) {
    return static_cast<int>(Integer(index, name, INT32_MAX));
  }
  uint64_t BigU64(size_t index, const char* name) {
    if (failed_ || !info_[index].IsBigInt()) return Fail(name, "must be a bigint");
    bool lossless = false;
    const uint64_t value = info_[index].As<Napi::BigInt>().Uint64Value(&lossless);
    return lossless ? value : Fail(name, "must fit in 64 unsigned bits");
  }
  bool Flag(size_t index, const char* name) {
    if (failed_ || !info_[index].IsBoolean()) return Fail(name, "must be a boolean") != 0;
    return info_[index].As<Napi::Boolean>().Value();
  }
  std::string Text(size_t index, const char* name) { return Text(info_[index], name); }
  std::vector<std::string> Texts(size_t index, const char* name) {
    std::vector<std::string> texts;
    ForEach(info_[index], name, [&](Napi::Value value) { texts.push_back(Text(value, name)); });
    return texts;
  }
  std::vector<int> Descriptors(size_t index, const char* name) {
    std::vector<int> fds;
    ForEach(info_[index], name, [&](Napi::Value value) {
      fds.push_back(static_cast<int>(Integer(value, name, INT32_MAX)));
    });
    return fds;
  }
  Napi::Function Function(size_t index, const char* name) {
    if (!failed_ && info_[index].IsFunction()) return info_[index].As<Napi::Function>();
    Fail(name, "must be a function");
    return {};
  }
  Napi::Object Object(size_t index, const char* name) {
    if (!failed_ && info_[index].IsObject()) return info_[index].As<Napi::Object>();
    Fail(name, "must be an object");
    return {};
  }

  /** `max` is inclusive. */
  uint64_t Member(Napi::Object object, const char* name, uint64_t max) {
    return failed_ ? 0 : Integer(object.Get(name), name, max);
  }
  uint64_t Integer(Napi::Value value, const char* name, uint64_t max) {
    if (failed_) return 0;
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0) || number != std::floor(number) || number > static_cast<double>(kMaxSafe) ||
        static_cast<uint64_t>(number) > max)
      return Fail(name, "must be an integer from 0 to " + std::to_string(max));
    return static_cast<uint64_t>(number);
  }
  std::string Text(Napi::Value value, const char* name) {
    if (!failed_ && value.IsString()) return value.As<Napi::String>().Utf8Value();
    Fail(name, "must be a string");
    return {};
  }

  template <typename Use>
  void ForEach(Napi::Value value, const char* name, Use use) {
    if (failed_ || !value.IsArray()) {
      Fail(name, "must be an array");
      return;
    }
    const Napi::Array array = value.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length() && !failed_; ++i) use(array.Get(i));
  }
  template <typename Use>
  void ForEachObject(size_t index, const char* name, Use use) {
    ForEach(info_[index], name, [&](Napi::Value value) {
      if (value.IsObject())
        use(value.As<Napi::Object>());
      else
        Fail(name, "must be objects");
    });
  }

  uint64_t Fail(const std::string& name, const std::string& rule) {
    if (!failed_ && !env_.IsExceptionPending()) {
      Napi::TypeError error = Napi::TypeError::New(env_, name + " " + rule);
      error.Set("code", Napi::String::New(env_, "ERR_INVALID_ARG_VALUE"));
      error.ThrowAsJavaScriptException();
    }
    failed_ = true;
    return 0;
  }

 private:
  static constexpr uint64_t kMaxSafe = (1ULL << 53) - 1;

  const Napi::CallbackInfo& info_;
  Napi::Env env_;
  bool failed_ = false;
};

}  // namespace wf
