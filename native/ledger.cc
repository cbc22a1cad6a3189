#include "ledger.h"

#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>
#include <utility>

namespace wf {
namespace {

constexpr size_t kAlign = 8;

}  // namespace

size_t Ledger::Words(size_t cpus) {
  return WF_RING_COUNT * (2 * PageWords(cpus) + cpus * WF_LOSS_COUNT);
}

Result<Ledger> Ledger::Map(int map, size_t cpus) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  Ledger ledger;
  ledger.cpus_ = cpus;
  ledger.mapped_ = (Words(cpus) * sizeof(uint64_t) + page - 1) / page * page;
  void* memory = mmap(nullptr, ledger.mapped_, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (memory == MAP_FAILED) return LastError("map ledger");
  ledger.words_ = static_cast<uint64_t*>(memory);
  return ledger;
}

Ledger::Ledger(Ledger&& other) noexcept { *this = std::move(other); }

Ledger& Ledger::operator=(Ledger&& other) noexcept {
  std::swap(words_, other.words_);
  std::swap(mapped_, other.mapped_);
  std::swap(cpus_, other.cpus_);
  std::swap(current_, other.current_);
  return *this;
}

Ledger::~Ledger() {
  if (words_ != nullptr) munmap(words_, mapped_);
}

void Ledger::Resume(wf_ring ring, uint64_t position) {
  // The other page is older, or half written; before the first step both say 0, and the first one is right.
  current_[ring] = *Page(ring, 0) == position ? 0 : 1;
}

void Ledger::Take(wf_ring ring, const uint8_t* begin, const uint8_t* end, uint64_t position) {
  const uint64_t* from = Page(ring, current_[ring]);
  if (*from == position) return;
  uint64_t* to = Page(ring, 1 - current_[ring]);
  std::copy(from + 1, from + PageWords(cpus_), to + 1);
  while (begin < end) {
    wf_header header;
    memcpy(&header, begin, sizeof(header));
    begin += (header.size + kAlign - 1) / kAlign * kAlign;
    if (header.cpu >= cpus_ || header.ring != ring) continue;
    uint64_t* lane = to + 1 + header.cpu * kLaneWords;
    lane[0] += 1;
    lane[1] = std::max<uint64_t>(lane[1], header.seq + 1);
  }
  __atomic_store_n(to, position, __ATOMIC_RELEASE);
  current_[ring] = 1 - current_[ring];
}

void Ledger::Handed(const uint8_t* counters) {
  for (size_t lane = 0; lane < cpus_ * WF_RING_COUNT; ++lane)
    memcpy(Lost() + lane * WF_LOSS_COUNT,
           counters + lane * sizeof(wf_counters) + offsetof(wf_counters, lost),
           sizeof(wf_counters::lost));
}

std::vector<Ledger::Lane> Ledger::Lanes() const {
  std::vector<Lane> lanes(cpus_ * WF_RING_COUNT);
  for (size_t i = 0; i < lanes.size(); ++i) {
    const size_t ring = i % WF_RING_COUNT;
    const uint64_t* counted = Page(ring, current_[ring]) + 1 + i / WF_RING_COUNT * kLaneWords;
    lanes[i].taken = counted[0];
    lanes[i].next = counted[1];
    memcpy(lanes[i].lost.data(), Lost() + i * WF_LOSS_COUNT, sizeof(lanes[i].lost));
  }
  return lanes;
}

}  // namespace wf
