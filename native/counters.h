// The kernel's loss counters, mapped: reading them costs no system call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "refusal.h"

namespace wf {

class Counters {
 public:
  Counters() = default;
  /** `count` elements of the memory-mappable array `map`. */
  static Result<Counters> Map(int map, size_t count);
  Counters(Counters&& other) noexcept;
  Counters& operator=(Counters&& other) noexcept;
  ~Counters();

  size_t bytes() const { return bytes_; }
  /** Copies every element to `out`, which has room for bytes(). Each number is whole. */
  void Copy(uint8_t* out) const;

 private:
  void* memory_ = nullptr;
  size_t mapped_ = 0;
  size_t bytes_ = 0;
};

}  // namespace wf
