// libuv handles that close themselves, and the promise to Node that they are closed before the
// environment's loop is. The only file that says new and delete: libuv and Node free what is here late.
#pragma once

#include <napi.h>
#include <uv.h>
#include <functional>
#include <memory>
#include <utility>

namespace wf {

/**
 * Runs `on_end` when the environment ends. Shared by the handles it protects: Node waits until the last
 * owner has let go, which libuv's close callbacks do.
 */
class EnvironmentEnd {
 public:
  EnvironmentEnd(napi_env env, std::function<void()> on_end) : on_end_(std::move(on_end)) {
    napi_add_async_cleanup_hook(
        env,
        [](napi_async_cleanup_hook_handle, void* self) {
          static_cast<EnvironmentEnd*>(self)->on_end_();
        },
        this, &hook_);
  }
  EnvironmentEnd(const EnvironmentEnd&) = delete;
  EnvironmentEnd& operator=(const EnvironmentEnd&) = delete;
  ~EnvironmentEnd() {
    if (hook_ != nullptr) napi_remove_async_cleanup_hook(hook_);
  }

 private:
  std::function<void()> on_end_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

/** T: uv_poll_t, uv_timer_t and the like. */
template <typename T>
class UvHandle {
 public:
  UvHandle() = default;
  UvHandle(const UvHandle&) = delete;
  UvHandle& operator=(const UvHandle&) = delete;
  ~UvHandle() { Close(); }

  /** `init` is the handle's uv_..._init; answers its result. `owner` becomes the handle's data. */
  template <typename Init>
  int Open(Init init, void* owner, std::shared_ptr<EnvironmentEnd> end) {
    Close();
    auto box = std::make_unique<Box>();
    const int result = init(&box->handle);
    if (result != 0) return result;
    box->handle.data = owner;
    box->end = std::move(end);
    box_ = box.release();
    return 0;
  }

  void Close() {
    Box* box = std::exchange(box_, nullptr);
    if (box == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&box->handle),
             [](uv_handle_t* handle) { delete reinterpret_cast<Box*>(handle); });
  }

  explicit operator bool() const { return box_ != nullptr; }
  T* get() const { return &box_->handle; }

 private:
  struct Box {
    T handle;  // first: libuv gives back its address
    std::shared_ptr<EnvironmentEnd> end;
  };
  Box* box_ = nullptr;
};

/** Ends a value on libuv's thread pool, for what takes too long to end on the loop. */
template <typename T>
class EndLater : private Napi::AsyncWorker {
 public:
  static void Queue(Napi::Env env, T value) { (new EndLater(env, std::move(value)))->Start(); }

 private:
  EndLater(Napi::Env env, T value) : Napi::AsyncWorker(env), value_(std::move(value)) {}
  void Start() { AsyncWorker::Queue(); }
  void Execute() override { T(std::move(value_)); }

  T value_;
};

}  // namespace wf
