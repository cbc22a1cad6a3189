#include "protocol.h"

#include <algorithm>

namespace wf::signer {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kHeadBytes = 2;  // version and kind
enum Kind : uint8_t { kState = 1, kCheckpoint = 2, kHeartbeat = 3 };

/** Takes fields from the front. Who takes more than there is gets zeros and is told at the end. */
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint64_t Number(size_t size) {
    uint64_t number = 0;
    const std::span<const uint8_t> bytes = Take(size);
    for (size_t i = bytes.size(); i > 0; --i) number = number << 8 | bytes[i - 1];
    return number;
  }
  uint8_t Byte() { return static_cast<uint8_t>(Number(sizeof(uint8_t))); }
  Hash OneHash() {
    Hash hash = {};
    const std::span<const uint8_t> bytes = Take(hash.size());
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    return hash;
  }
  Hashes SomeHashes(size_t count) {
    if (count > kMaxHashes) short_ = true;
    Hashes hashes;
    for (size_t i = 0; i < count && !short_; ++i) hashes.push_back(OneHash());
    return hashes;
  }
  /** Nothing was missing and nothing is left. */
  bool Fits() const { return !short_ && bytes_.empty(); }

 private:
  std::span<const uint8_t> Take(size_t size) {
    if (size > bytes_.size()) short_ = true;
    if (short_) return {};
    const std::span<const uint8_t> taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  std::span<const uint8_t> bytes_;
  bool short_ = false;
};

CheckpointRequest ReadCheckpoint(Reader* reader) {
  CheckpointRequest request;
  request.head.size = reader->Number(sizeof(uint64_t));
  request.head.root = reader->OneHash();
  request.old_size = reader->Number(sizeof(uint64_t));
  const size_t proof = reader->Byte();
  const size_t range = reader->Byte();
  request.proof = reader->SomeHashes(proof);
  request.range = reader->SomeHashes(range);
  return request;
}

Request ReadBody(uint8_t kind, Reader* reader) {
  switch (kind) {
    case kState:
      return StateRequest{};
    case kCheckpoint:
      return ReadCheckpoint(reader);
    case kHeartbeat: {
      const uint64_t number = reader->Number(sizeof(uint64_t));
      return HeartbeatRequest{number, reader->OneHash()};
    }
    default:
      return MalformedRequest{};
  }
}

void PutNumber(std::string* out, uint64_t number, size_t size) {
  for (size_t i = 0; i < size; ++i) out->push_back(static_cast<char>(number >> 8 * i));
}

void PutHash(std::string* out, const Hash& hash) { out->append(hash.begin(), hash.end()); }

std::string Frame(Outcome outcome, const std::string& body) {
  std::string frame;
  PutNumber(&frame, kHeadBytes + body.size(), kLengthBytes);
  frame.push_back(kVersion);
  frame.push_back(static_cast<char>(outcome));
  return frame + body;
}

}  // namespace

std::optional<size_t> ReadLength(std::span<const uint8_t, kLengthBytes> bytes) {
  const size_t length = Reader(bytes).Number(kLengthBytes);
  if (length < kHeadBytes || length > kMaxFrameBytes - kLengthBytes) return std::nullopt;
  return length;
}

std::optional<Request> ReadRequest(std::span<const uint8_t> payload) {
  Reader reader(payload);
  if (reader.Byte() != kVersion) return std::nullopt;
  Request request = ReadBody(reader.Byte(), &reader);
  if (!reader.Fits()) return MalformedRequest{};
  return request;
}

std::string WriteAnswer(const Answer& answer) { return Frame(answer.outcome, answer.text); }

std::string WriteState(const State& state, const std::string& vkey) {
  std::string body;
  PutNumber(&body, state.head.size, sizeof(uint64_t));
  PutHash(&body, state.head.root);
  PutNumber(&body, state.range.size(), sizeof(uint8_t));
  for (const Hash& hash : state.range) PutHash(&body, hash);
  PutNumber(&body, vkey.size(), sizeof(uint16_t));
  return Frame(Outcome::kOk, body + vkey + state.note);
}

}  // namespace wf::signer
