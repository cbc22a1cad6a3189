#include "counters.h"

#include <sys/mman.h>
#include <unistd.h>
#include <cstring>
#include <utility>

#include "wire/wire.h"

namespace wf {

static_assert(sizeof(wf_counters) % sizeof(uint64_t) == 0);

Result<Counters> Counters::Map(int map, size_t count) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  Counters counters;
  counters.bytes_ = count * sizeof(wf_counters);
  counters.mapped_ = (counters.bytes_ + page - 1) / page * page;
  void* memory = mmap(nullptr, counters.mapped_, PROT_READ, MAP_SHARED, map, 0);
  if (memory == MAP_FAILED) return LastError("map counters");
  counters.memory_ = memory;
  return counters;
}

Counters::Counters(Counters&& other) noexcept { *this = std::move(other); }

Counters& Counters::operator=(Counters&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(mapped_, other.mapped_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Counters::~Counters() {
  if (memory_ != nullptr) munmap(memory_, mapped_);
}

void Counters::Copy(uint8_t* out) const {
  const auto* numbers = static_cast<const uint64_t*>(memory_);
  for (size_t i = 0; i < bytes_ / sizeof(uint64_t); ++i) {
    const uint64_t number = __atomic_load_n(numbers + i, __ATOMIC_RELAXED);
    memcpy(out + i * sizeof(number), &number, sizeof(number));
  }
}

}  // namespace wf
