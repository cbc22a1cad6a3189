// What was taken from the rings so far, in a map: so that who comes after a killed daemon can go on counting.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "refusal.h"
#include "wire/wire.h"

namespace wf {

/**
 * For each ring two pages, which are written in turn and begin with the ring position they are true for. The
 * step from one to the other is the ring's own: the kernel's consumer position says which page counts, so
 * that no moment exists at which a record is taken and not counted, or counted and not taken.
 */
class Ledger {
 public:
  /** One CPU of one ring. */
  struct Lane {
    uint64_t taken = 0;
    /** One more than the highest number taken. */
    uint64_t next = 0;
    /** wf_counters.lost as they were handed over last. */
    std::array<uint64_t, WF_LOSS_COUNT> lost = {};
  };

  static size_t Words(size_t cpus);

  Ledger() = default;
  /** `map` has Words(cpus) elements of 8 bytes. */
  static Result<Ledger> Map(int map, size_t cpus);
  Ledger(Ledger&& other) noexcept;
  Ledger& operator=(Ledger&& other) noexcept;
  ~Ledger();

  /** Goes on at the ring's consumer position. Before anything else about that ring. */
  void Resume(wf_ring ring, uint64_t position);
  /** Records [begin, end) are about to be taken; the caller then moves the ring to `position`. */
  void Take(wf_ring ring, const uint8_t* begin, const uint8_t* end, uint64_t position);
  /** The counters of a batch that is about to be handed over: struct wf_counters, all of them. */
  void Handed(const uint8_t* counters);
  /** Index cpu * WF_RING_COUNT + ring. */
  std::vector<Lane> Lanes() const;

 private:
  static constexpr size_t kLaneWords = 2;

  static size_t PageWords(size_t cpus) { return 1 + cpus * kLaneWords; }
  /** First its position, then taken and next of each CPU. */
  uint64_t* Page(size_t ring, size_t which) const {
    return words_ + (ring * 2 + which) * PageWords(cpus_);
  }
  uint64_t* Lost() const { return words_ + WF_RING_COUNT * 2 * PageWords(cpus_); }

  uint64_t* words_ = nullptr;
  size_t mapped_ = 0;
  size_t cpus_ = 0;
  std::array<size_t, WF_RING_COUNT> current_ = {};
};

}  // namespace wf
