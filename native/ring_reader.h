// Moves records from the rings to JavaScript on the environment's own loop, without a thread.
#pragma once

#include <napi.h>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "fd.h"
#include "ledger.h"
#include "log.h"
#include "refusal.h"
#include "ring.h"
#include "sensor.h"
#include "uv_handle.h"

namespace wf {

struct ReaderOptions {
  uint64_t poll_ms;
  size_t max_batch_bytes;
};

/** Who gets the batches. It may pause, drain or stop the reader meanwhile. */
class BatchSink {
 public:
  virtual void OnBatch(Napi::Env env, Napi::Object batch) = 0;

 protected:
  ~BatchSink() = default;
};

/**
 * The programs decide when to wake: the rings are watched edge-triggered, so what nobody asked to be
 * woken for waits for the timer and is drained in bulk, and a paused reader costs nothing.
 */
class RingReader {
 public:
  /** A quarter of it must hold the largest record. */
  static constexpr size_t kMinBatchBytes = 128 * 1024;
  static constexpr size_t kDefaultBatchBytes = 1024 * 1024;

  /** `sensor` and `log` must outlive the reader. */
  static Result<std::unique_ptr<RingReader>> Open(const Sensor& sensor, Log& log);
  /** What was taken from the rings; empty when it is not kept. */
  std::vector<Ledger::Lane> Lanes() const;

  Status Start(Napi::Env env, BatchSink& sink, const ReaderOptions& options);
  bool started() const { return static_cast<bool>(timer_); }
  void Pause();
  void Resume();
  /** One batch, or null when every ring was empty. */
  Napi::Value Drain(Napi::Env env, size_t max_bytes);
  size_t max_batch_bytes() const { return options_.max_batch_bytes; }
  /** Ends the watching; Drain still works. */
  void Stop();

 private:
  using Spans = std::array<Ring::Span, WF_RING_COUNT>;

  RingReader(const Sensor& sensor, Log& log) : sensor_(sensor), log_(log) {}
  Status WatchRings();
  static void OnReadable(uv_poll_t* poll, int status, int events);
  static void OnTimer(uv_timer_t* timer);
  void Turn();
  bool Empty() const;
  Status OpenLedger();
  Spans MeasureAll(size_t max_bytes) const;
  /** Copies what was measured to `records`, which has room for it, and frees it in the rings. */
  void Take(const Spans& spans, uint8_t* records);
  /** Null when every ring was empty. `more`: something waits that should not wait longer. */
  Napi::Value ReadBatch(Napi::Env env, size_t max_bytes, bool* more);

  const Sensor& sensor_;
  Log& log_;
  std::array<Ring, WF_RING_COUNT> rings_;
  /** Only where somebody may go on after us. */
  std::optional<Ledger> ledger_;
  Fd epoll_;
  UvHandle<uv_poll_t> poll_;
  UvHandle<uv_timer_t> timer_;
  std::shared_ptr<EnvironmentEnd> end_;
  napi_env env_ = nullptr;
  BatchSink* sink_ = nullptr;
  ReaderOptions options_ = {0, kDefaultBatchBytes};
};

}  // namespace wf
