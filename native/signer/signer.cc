#include "signer.h"

#include "explain.h"
#include "files.h"

namespace wf::signer {
namespace {

Answer Failed(const Refusal& refusal) { return {Outcome::kFailed, Explain(refusal)}; }

}  // namespace

Result<Signer> Signer::Open(Store store, const std::string& origin) {
  Result<Opened> opened = OpenFiles(store, origin);
  if (!opened.ok()) return opened.refusal();
  return Signer(std::move(store), std::move(opened.value().notary),
                std::move(opened.value().state));
}

Answer Signer::Checkpoint(const CheckpointRequest& request) {
  const TreeHead& head = request.head;
  if (head.size == 0 || FoldRange(head.size, request.range) != head.root)
    return {Outcome::kInvalid};
  if (request.old_size != state_.head.size || !IsConsistent(state_.head, head, request.proof))
    return {Outcome::kInconsistent};
  if (head.size == state_.head.size) return {Outcome::kOk, state_.note};

  Result<State> next = State::Make(notary_, head, request.range);
  if (!next.ok()) return Failed(next.refusal());
  // Where this is refused the old state stays in force: the note was not given out, and the next one replaces it.
  if (Status refused = WriteState(store_, next.value())) return Failed(*refused);
  state_ = std::move(next.value());
  return {Outcome::kOk, state_.note};
}

Answer Signer::Heartbeat(uint64_t number, const Hash& digest) const {
  Result<std::string> note = notary_.Heartbeat(number, digest);
  if (!note.ok()) return Failed(note.refusal());
  return {Outcome::kOk, std::move(note.value())};
}

}  // namespace wf::signer
