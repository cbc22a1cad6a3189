#include "ring_reader.h"

#include <sys/epoll.h>
#include <algorithm>
#include <iterator>

namespace wf {
namespace {

// Causes before effects: whatever a record refers to (its process, its connection) was written to a ring
// further ahead, and earlier.
constexpr wf_ring kOrder[] = {WF_RING_LIFECYCLE, WF_RING_NETWORK, WF_RING_PAYLOAD};

}  // namespace

Result<std::unique_ptr<RingReader>> RingReader::Open(const Sensor& sensor, Log& log) {
  std::unique_ptr<RingReader> reader(new RingReader(sensor, log));
  for (const wf_ring ring : kOrder) {
    Result<Ring> mapped = Ring::Map(sensor.RingMap(ring), sensor.RingBytes(ring));
    if (!mapped.ok()) return mapped.refusal();
    reader->rings_[ring] = std::move(mapped.value());
  }
  if (auto refused = reader->OpenLedger()) return *refused;
  if (auto refused = reader->WatchRings()) return *refused;
  return reader;
}

Status RingReader::OpenLedger() {
  if (!sensor_.is_pinned()) return {};
  Result<Ledger> ledger = Ledger::Map(sensor_.LedgerMap(), sensor_.cpus());
  if (!ledger.ok()) return ledger.refusal();
  ledger_ = std::move(ledger.value());
  for (const wf_ring ring : kOrder) ledger_->Resume(ring, rings_[ring].Position());
  return {};
}

std::vector<Ledger::Lane> RingReader::Lanes() const {
  return ledger_ ? ledger_->Lanes() : std::vector<Ledger::Lane>();
}

Status RingReader::WatchRings() {
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return LastError("epoll_create");
  for (const wf_ring ring : kOrder) {
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLET;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sensor_.RingMap(ring), &event) != 0)
      return LastError("watch ring");
  }
  return {};
}

Status RingReader::Start(Napi::Env env, BatchSink& sink, const ReaderOptions& options) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  env_ = env;
  sink_ = &sink;
  options_ = options;
  end_ = std::make_shared<EnvironmentEnd>(env, [this] { Stop(); });
  const auto init_timer = [loop](uv_timer_t* timer) { return uv_timer_init(loop, timer); };
  const auto init_poll = [loop, this](uv_poll_t* poll) {
    return uv_poll_init(loop, poll, epoll_.get());
  };
  int result = timer_.Open(init_timer, this, end_);
  if (result == 0) result = poll_.Open(init_poll, this, end_);
  if (result != 0) {
    Stop();
    return Refusal{"watch rings", -result};
  }
  Resume();
  return {};
}

void RingReader::Resume() {
  if (!started()) return;
  uv_poll_start(poll_.get(), UV_READABLE, OnReadable);
  // The first time at once: what came meanwhile may have woken nobody.
  uv_timer_start(timer_.get(), OnTimer, 0, options_.poll_ms);
}

void RingReader::Pause() {
  if (!started()) return;
  uv_poll_stop(poll_.get());
  uv_timer_stop(timer_.get());
}

void RingReader::Stop() {
  poll_.Close();
  timer_.Close();
  end_.reset();
}

void RingReader::OnReadable(uv_poll_t* poll, int, int) {
  auto* reader = static_cast<RingReader*>(poll->data);
  // Takes the edges; which ring it was does not matter.
  epoll_event events[WF_RING_COUNT];
  epoll_wait(reader->epoll_.get(), events, WF_RING_COUNT, 0);
  reader->Turn();
}

void RingReader::OnTimer(uv_timer_t* timer) { static_cast<RingReader*>(timer->data)->Turn(); }

void RingReader::Turn() {
  const Napi::Env env(env_);
  const Napi::HandleScope scope(env);
  bool more = false;
  const Napi::Value batch = ReadBatch(env, options_.max_batch_bytes, &more);
  // The rest in the loop's next turn, after everybody else had theirs.
  if (more) uv_timer_start(timer_.get(), OnTimer, 0, options_.poll_ms);
  if (batch.IsObject()) sink_->OnBatch(env, batch.As<Napi::Object>());
}

Napi::Value RingReader::Drain(Napi::Env env, size_t max_bytes) {
  bool more = false;
  return ReadBatch(env, max_bytes, &more);
}

bool RingReader::Empty() const {
  return std::all_of(rings_.begin(), rings_.end(),
                     [](const Ring& ring) { return ring.Waiting() == 0; });
}

// The invariant: what a record of a batch refers to is in the same batch, or was in an earlier one.
// - The ends are read effects first, so that a record before the end of its ring has its causes before the
//   end of theirs.
// - When a ring is not read to its end (the batch is full, or a record is unfinished), the rings of its
//   effects are read only up to the moment of what it leaves behind.
RingReader::Spans RingReader::MeasureAll(size_t max) const {
  std::array<Ring::Limit, WF_RING_COUNT> limits;
  // A quarter of a batch is kept for each ring of effects, as far as something waits there, and half is left
  // for the lifecycle ring: none starves another.
  std::array<size_t, WF_RING_COUNT> kept;
  size_t all_kept = 0;
  std::for_each(std::rbegin(kOrder), std::rend(kOrder), [&](wf_ring ring) {
    limits[ring].end = rings_[ring].End();
    kept[ring] = all_kept;
    all_kept += std::min<size_t>(limits[ring].end - rings_[ring].Position(), max / 4);
  });
  Spans spans;
  size_t left = max;
  uint64_t before_ns = UINT64_MAX;
  for (const wf_ring ring : kOrder) {
    limits[ring].bytes = left - kept[ring];
    limits[ring].before_ns = before_ns;
    spans[ring] = rings_[ring].Measure(limits[ring]);
    left -= spans[ring].bytes;
    before_ns = std::min(before_ns, spans[ring].left_ns);
  }
  return spans;
}

void RingReader::Take(const Spans& spans, uint8_t* records) {
  for (const wf_ring ring : kOrder) {
    uint8_t* end = rings_[ring].Read(spans[ring], records);
    if (ledger_) ledger_->Take(ring, records, end, spans[ring].end);
    rings_[ring].Release(spans[ring]);
    records = end;
  }
}

Napi::Value RingReader::ReadBatch(Napi::Env env, size_t max_bytes, bool* more) {
  *more = false;
  if (Empty()) return env.Null();

  // Counters first: every record they count as emitted before the drain is either in a ring by now, or
  // on its way, or lost.
  auto counters = Napi::Buffer<uint8_t>::New(env, sensor_.counters().bytes());
  sensor_.counters().Copy(counters.Data());
  const Spans spans = MeasureAll(max_bytes);
  size_t bytes = 0;
  size_t foreign = 0;
  bool drained = true;
  for (const Ring::Span& span : spans) {
    bytes += span.bytes;
    foreign += span.foreign;
    drained = drained && span.complete;
    *more = *more || span.more;
  }

  auto records = Napi::Buffer<uint8_t>::New(env, bytes);
  Take(spans, records.Data());
  if (ledger_) ledger_->Handed(counters.Data());
  if (foreign > 0) log_.Add(std::to_string(foreign) + " ring records without a valid header");

  Napi::Object batch = Napi::Object::New(env);
  batch.Set("bytes", records);
  batch.Set("drained", Napi::Boolean::New(env, drained));
  batch.Set("counters", counters);
  return batch;
}

}  // namespace wf
