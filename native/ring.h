// One BPF ring buffer, mapped and read within exact bounds. libbpf's own reader drains without a limit
// (a limit comes with libbpf 1.5), which would let a busy ring hold the event loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "refusal.h"
#include "wire/wire.h"

namespace wf {

class Ring {
 public:
  /** What can be read now: bytes of all records up to `end`, each padded to 8. */
  struct Span {
    uint64_t end = 0;
    size_t bytes = 0;
    /** Records that are no record of ours, passed over. */
    size_t foreign = 0;
    /** There was more than the limit let in. */
    bool more = false;
    /** Everything up to the limit's end. */
    bool complete = false;
    /** Room for whatever is left was taken at this moment or later; UINT64_MAX when complete. */
    uint64_t left_ns = UINT64_MAX;
    /** The latest time of a record before `end`, in this span or an earlier one. */
    uint64_t taken_ns = 0;
  };

  struct Limit {
    size_t bytes;
    /** No further than this position, which End() gave. */
    uint64_t end;
    /** Up to the first record that happened at this moment or later. */
    uint64_t before_ns;
  };

  Ring() = default;
  static Result<Ring> Map(int map, uint32_t bytes);
  Ring(Ring&& other) noexcept;
  Ring& operator=(Ring&& other) noexcept;
  ~Ring();

  /** Bytes in the ring, unfinished and discarded records included: never less than a Span's. */
  size_t Waiting() const;
  /** Where the next record to be written will begin. */
  uint64_t End() const;
  /** Finds the records that are within the limit, up to the first unfinished one. */
  Span Measure(const Limit& limit) const;
  /** Where the next record to be read begins. */
  uint64_t Position() const;
  /** Copies a measured span to `out`. Returns where the copy ended. */
  uint8_t* Read(const Span& span, uint8_t* out) const;
  /** Frees the room of a span that was read. */
  void Release(const Span& span);

 private:
  const uint8_t* At(uint64_t position) const {
    return producer_ + page_ + (position & (size_ - 1));
  }
  /** Copies out of the data, over its end and on from its start. */
  void Copy(void* out, uint64_t position, size_t bytes) const;
  /** The header of the record whose data begins at `position`; its size is 0 for one that is not ours. */
  wf_header HeaderAt(uint64_t position, size_t length) const;

  uint8_t* consumer_ = nullptr;        // one page, written by us
  const uint8_t* producer_ = nullptr;  // one page and the data, written by the kernel
  size_t page_ = 0;
  size_t size_ = 0;
  uint64_t taken_ns_ = 0;
};

}  // namespace wf
