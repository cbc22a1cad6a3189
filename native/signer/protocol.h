// The bytes between the daemon and the signer; src/signer/protocol.ts is the other end. Numbers are little endian.
//
//   frame:      length u32 (of what follows, 2 to 8188) | version u8 (1) | kind u8 | body
//   state       1: empty
//   checkpoint  2: size u64 | root 32 | old size u64 | proof u8 | range u8 | that many hashes of 32, proof first
//   heartbeat   3: number u64 | digest 32
//
// Each is answered in its turn; the kind of an answer is its outcome. Body when ok:
//   state: size u64 | root 32 | range u8 | its hashes | length u16 | verifier key | note
//   else:  the note. With kFailed: what refused. Else empty.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "signer.h"

namespace wf::signer {

constexpr size_t kLengthBytes = 4;
constexpr size_t kMaxFrameBytes = 8192;

struct StateRequest {};
struct HeartbeatRequest {
  uint64_t number;
  Hash digest;
};
/** Its kind is not known, or its body does not fit its kind. */
struct MalformedRequest {};
using Request = std::variant<StateRequest, CheckpointRequest, HeartbeatRequest, MalformedRequest>;

/** How many bytes follow the length. Nothing: a number no frame has, so there is no way to go on. */
std::optional<size_t> ReadLength(std::span<const uint8_t, kLengthBytes> bytes);
/** What follows the length. Nothing: not this version. */
std::optional<Request> ReadRequest(std::span<const uint8_t> payload);
/** Frames. */
std::string WriteAnswer(const Answer& answer);
std::string WriteState(const State& state, const std::string& vkey);

}  // namespace wf::signer
