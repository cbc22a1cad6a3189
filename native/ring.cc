// The format is the kernel's, kernel/bpf/ringbuf.c: a position page each for consumer and producer, then
// the data, mapped twice in a row so that no record is ever split. A record is 8 bytes of header (length
// and two flags, then an offset only the kernel needs) and its data, padded to 8.
#include "ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cstring>
#include <utility>

#include "wire/wire.h"

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
  const size_t mapped = ring.page_ + 2 * ring.size_;
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
  return *this;
}

Ring::~Ring() {
  if (consumer_ != nullptr) munmap(consumer_, page_);
  if (producer_ != nullptr) munmap(const_cast<uint8_t*>(producer_), page_ + 2 * size_);
}

size_t Ring::Waiting() const {
  return LoadAcquire<uint64_t>(producer_) - LoadAcquire<uint64_t>(consumer_);
}

size_t Ring::UsedBytes(const uint8_t* record, size_t length) const {
  wf_header header;
  if (length < sizeof(header)) return 0;
  memcpy(&header, record, sizeof(header));
  return header.size < sizeof(header) || header.size > length ? 0 : header.size;
}

Ring::Span Ring::Measure(size_t limit) const {
  const uint8_t* data = producer_ + page_;
  const uint64_t produced = LoadAcquire<uint64_t>(producer_);
  Span span;
  span.end = LoadAcquire<uint64_t>(consumer_);
  while (span.end < produced) {
    const uint8_t* record = data + (span.end & (size_ - 1));
    const auto word = LoadAcquire<uint32_t>(record);
    if ((word & BPF_RINGBUF_BUSY_BIT) != 0) break;
    if ((word & BPF_RINGBUF_DISCARD_BIT) == 0) {
      const size_t used = UsedBytes(record + BPF_RINGBUF_HDR_SZ, LengthOf(word));
      if (span.bytes + Padded(used) > limit) {
        span.more = true;
        break;
      }
      span.bytes += Padded(used);
      span.foreign += used == 0 ? 1 : 0;
    }
    span.end += Padded(LengthOf(word) + BPF_RINGBUF_HDR_SZ);
  }
  span.complete = span.end >= produced;
  return span;
}

uint8_t* Ring::Take(const Span& span, uint8_t* out) {
  const uint8_t* data = producer_ + page_;
  uint64_t position = LoadAcquire<uint64_t>(consumer_);
  while (position < span.end) {
    const uint8_t* record = data + (position & (size_ - 1));
    const auto word = LoadAcquire<uint32_t>(record);
    if ((word & BPF_RINGBUF_DISCARD_BIT) == 0) {
      const size_t used = UsedBytes(record + BPF_RINGBUF_HDR_SZ, LengthOf(word));
      memcpy(out, record + BPF_RINGBUF_HDR_SZ, used);
      memset(out + used, 0, Padded(used) - used);
      out += Padded(used);
    }
    position += Padded(LengthOf(word) + BPF_RINGBUF_HDR_SZ);
  }
  __atomic_store_n(reinterpret_cast<uint64_t*>(consumer_), span.end, __ATOMIC_RELEASE);
  return out;
}

}  // namespace wf
