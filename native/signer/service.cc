#include "service.h"

#include <poll.h>
#include <unistd.h>
#include <array>
#include <span>

#include "protocol.h"

namespace wf::signer {
namespace {

volatile sig_atomic_t g_ended = 0;

extern "C" void End(int) { g_ended = 1; }

enum class Wait { kReadable, kEnded };

/** SIGTERM is let in only here, so it never interrupts anything else and is never missed. */
Result<Wait> WaitForInput(int input) {
  sigset_t none;
  sigemptyset(&none);
  pollfd watched = {input, POLLIN, 0};
  for (;;) {
    if (g_ended != 0) return Wait::kEnded;
    if (ppoll(&watched, 1, nullptr, &none) > 0) return Wait::kReadable;
    if (errno != EINTR) return LastError("poll");
  }
}

enum class Fill { kFull, kEnd };

/** kEnd: the input ended at the first byte, or SIGTERM came. */
Result<Fill> ReadFully(int input, std::span<uint8_t> into) {
  size_t total = 0;
  while (total < into.size()) {
    Result<Wait> waited = WaitForInput(input);
    if (!waited.ok()) return waited.refusal();
    if (waited.value() == Wait::kEnded) return Fill::kEnd;
    const ssize_t count = read(input, into.data() + total, into.size() - total);
    if (count < 0) return LastError("read a request");
    if (count == 0 && total == 0) return Fill::kEnd;
    if (count == 0) return Refusal{"read a request", EPROTO, "it ended inside a frame"};
    total += static_cast<size_t>(count);
  }
  return Fill::kFull;
}

Status WriteFully(int output, std::string_view frame) {
  while (!frame.empty()) {
    const ssize_t count = write(output, frame.data(), frame.size());
    if (count < 0) return LastError("write an answer");
    frame.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

struct Respond {
  Signer* signer;

  std::string operator()(const StateRequest&) const {
    return WriteState(signer->state(), signer->vkey());
  }
  std::string operator()(const CheckpointRequest& request) const {
    return WriteAnswer(signer->Checkpoint(request));
  }
  std::string operator()(const HeartbeatRequest& request) const {
    return WriteAnswer(signer->Heartbeat(request.number, request.digest));
  }
  std::string operator()(const MalformedRequest&) const { return WriteAnswer({Outcome::kInvalid}); }
};

/** Whether there may be another. */
Result<bool> ServeOne(Signer* signer, int input, int output) {
  std::array<uint8_t, kMaxFrameBytes> frame;
  const std::span<uint8_t, kLengthBytes> head(frame.data(), kLengthBytes);
  Result<Fill> filled = ReadFully(input, head);
  if (!filled.ok()) return filled.refusal();
  if (filled.value() == Fill::kEnd) return false;
  const std::optional<size_t> length = ReadLength(head);
  if (!length) return Refusal{"read a request", EPROTO, "no frame is of that length"};

  const std::span<uint8_t> payload(frame.data(), *length);
  filled = ReadFully(input, payload);
  if (!filled.ok()) return filled.refusal();
  if (filled.value() == Fill::kEnd) return false;
  const std::optional<Request> request = ReadRequest(payload);
  if (!request) return Refusal{"read a request", EPROTO, "it is of another version"};
  if (Status refused = WriteFully(output, std::visit(Respond{signer}, *request))) return *refused;
  return true;
}

}  // namespace

Status CatchSignals() {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &mask, nullptr) != 0) return LastError("sigprocmask");
  struct sigaction action = {};
  action.sa_handler = End;
  if (sigaction(SIGTERM, &action, nullptr) != 0) return LastError("sigaction");
  for (const int ignored : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) signal(ignored, SIG_IGN);
  return {};
}

Status Serve(Signer* signer, int input, int output) {
  for (;;) {
    Result<bool> more = ServeOne(signer, input, output);
    if (!more.ok()) return more.refusal();
    if (!more.value()) return {};
  }
}

}  // namespace wf::signer
