// The format is the kernel's, kernel/bpf/ringbuf.c: a position page each for consumer and producer, then
// the data. A record is 8 bytes of header (length and two flags, then an offset only the kernel needs) and
// its data, padded to 8. The data can be mapped twice in a row, so that no record is ever split; it is
// mapped once here, because every page then counts once as memory of ours, and records are copied anyway.
#include "ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>
#include <utility>

namespace wf {
namespace {

constexpr size_t kAlign = 8;

size_t Padded(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

/** The kernel publishes with release; nothing of a record is read before its length word. */
template <typename T>
T LoadAcquire(const uint8_t* at) {
  return __atomic_load_n(reinterpret_cast<const T*>(at), __ATOMIC_ACQUIRE);
}

size_t LengthOf(uint32_t word) { return word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT); }

}  // namespace

Result<Ring> Ring::Map(int map, uint32_t bytes) {
  Ring ring;
  ring.page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  ring.size_ = bytes;
  void* consumer = mmap(nullptr, ring.page_, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (consumer == MAP_FAILED) return LastError("map ring");
  ring.consumer_ = static_cast<uint8_t*>(consumer);
  const size_t mapped = ring.page_ + ring.size_;
  void* producer =
      mmap(nullptr, mapped, PROT_READ, MAP_SHARED, map, static_cast<off_t>(ring.page_));
  if (producer == MAP_FAILED) return LastError("map ring");
  ring.producer_ = static_cast<const uint8_t*>(producer);
  return ring;
}

Ring::Ring(Ring&& other) noexcept { *this = std::move(other); }

Ring& Ring::operator=(Ring&& other) noexcept {
  std::swap(consumer_, other.consumer_);
  std::swap(producer_, other.producer_);
  std::swap(page_, other.page_);
  std::swap(size_, other.size_);
  std::swap(taken_ns_, other.taken_ns_);
  return *this;
}

Ring::~Ring() {
  if (consumer_ != nullptr) munmap(consumer_, page_);
  if (producer_ != nullptr) munmap(const_cast<uint8_t*>(producer_), page_ + size_);
}

size_t Ring::Waiting() const { return End() - Position(); }

uint64_t Ring::End() const { return LoadAcquire<uint64_t>(producer_); }

void Ring::Copy(void* out, uint64_t position, size_t bytes) const {
  const size_t before_end = std::min<size_t>(bytes, size_ - (position & (size_ - 1)));
  memcpy(out, At(position), before_end);
  memcpy(static_cast<uint8_t*>(out) + before_end, producer_ + page_, bytes - before_end);
}

wf_header Ring::HeaderAt(uint64_t position, size_t length) const {
  wf_header header = {};
  if (length < sizeof(header)) return header;
  Copy(&header, position, sizeof(header));
  if (header.size < sizeof(header) || header.size > length) return {};
  return header;
}

Ring::Span Ring::Measure(const Limit& limit) const {
  Span span;
  span.end = Position();
  span.taken_ns = taken_ns_;
  // A record has its time before it has its room: one that has room bounds the time of all behind it.
  uint64_t left_ns = span.taken_ns;
  while (span.end < limit.end) {
    // Padded to 8 as the ring is, so never split.
    const auto word = LoadAcquire<uint32_t>(At(span.end));
    if ((word & BPF_RINGBUF_BUSY_BIT) != 0) break;
    if ((word & BPF_RINGBUF_DISCARD_BIT) == 0) {
      const wf_header header = HeaderAt(span.end + BPF_RINGBUF_HDR_SZ, LengthOf(word));
      left_ns = std::max<uint64_t>(left_ns, header.boot_ns);
      span.more = span.bytes + Padded(header.size) > limit.bytes;
      if (span.more || header.boot_ns >= limit.before_ns) break;
      span.bytes += Padded(header.size);
      span.foreign += header.size == 0 ? 1 : 0;
      span.taken_ns = left_ns;
    }
    span.end += Padded(LengthOf(word) + BPF_RINGBUF_HDR_SZ);
  }
  span.complete = span.end >= limit.end;
  if (!span.complete) span.left_ns = left_ns;
  return span;
}

uint64_t Ring::Position() const { return LoadAcquire<uint64_t>(consumer_); }

uint8_t* Ring::Read(const Span& span, uint8_t* out) const {
  uint64_t position = Position();
  while (position < span.end) {
    const auto word = LoadAcquire<uint32_t>(At(position));
    if ((word & BPF_RINGBUF_DISCARD_BIT) == 0) {
      const size_t used = HeaderAt(position + BPF_RINGBUF_HDR_SZ, LengthOf(word)).size;
      Copy(out, position + BPF_RINGBUF_HDR_SZ, used);
      memset(out + used, 0, Padded(used) - used);
      out += Padded(used);
    }
    position += Padded(LengthOf(word) + BPF_RINGBUF_HDR_SZ);
  }
  return out;
}

void Ring::Release(const Span& span) {
  taken_ns_ = span.taken_ns;
  __atomic_store_n(reinterpret_cast<uint64_t*>(consumer_), span.end, __ATOMIC_RELEASE);
}

}  // namespace wf
