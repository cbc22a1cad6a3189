#include "files.h"

#include <optional>
#include <string_view>

namespace wf::signer {
namespace {

constexpr const char* kKeyFile = "key";
constexpr const char* kVkeyFile = "vkey";
constexpr const char* kStateFile = "state";
constexpr size_t kMaxVkeyBytes = 1024;

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

using MaybeText = std::optional<std::string>;

Result<MaybeText> ReadText(const Store& store, const char* name, size_t limit) {
  std::string text(limit, '\0');
  Result<std::optional<size_t>> size =
      store.Read(name, Privacy::kOwnersToWrite, {reinterpret_cast<uint8_t*>(text.data()), limit});
  if (!size.ok()) return size.refusal();
  if (!size.value()) return MaybeText();
  text.resize(*size.value());
  return MaybeText(std::move(text));
}

Result<Notary> MakeNotary(std::span<const uint8_t> seed, const std::string& origin) {
  Result<Key> key = Key::FromSeed(seed);
  if (!key.ok()) return key.refusal();
  return Notary::Make(std::move(key.value()), origin);
}

/** The key is written last: where there is one, the first start was finished. */
Result<Opened> FirstStart(const Store& store, const std::string& origin) {
  Secret seed(kSeedBytes);
  if (Status refused = Randomize(seed.bytes())) return *refused;
  Result<Notary> notary = MakeNotary(seed.bytes(), origin);
  if (!notary.ok()) return notary.refusal();
  Result<State> state = State::Make(notary.value(), {0, EmptyRoot()}, {});
  if (!state.ok()) return state.refusal();
  if (Status refused = WriteState(store, state.value())) return *refused;
  if (Status refused = store.Replace(kVkeyFile, BytesOf(notary.value().vkey() + '\n')))
    return *refused;
  if (Status refused = store.Replace(kKeyFile, seed.bytes())) return *refused;
  return Opened{std::move(notary.value()), std::move(state.value())};
}

Result<Opened> StartWith(const Store& store, Notary notary, const MaybeText& vkey,
                         const MaybeText& state_text) {
  const std::string own_vkey = notary.vkey() + '\n';
  if (vkey && *vkey != own_vkey)
    return Refusal{kVkeyFile, EINVAL, "is of another key or origin than " + notary.vkey()};
  if (!state_text) return Refusal{kStateFile, EINVAL, "is missing although there is a key"};
  Result<State> state = State::Parse(notary, *state_text);
  if (!state.ok()) return state.refusal();
  if (!vkey) {
    if (Status refused = store.Replace(kVkeyFile, BytesOf(own_vkey))) return *refused;
  }
  return Opened{std::move(notary), std::move(state.value())};
}

}  // namespace

Result<Opened> OpenFiles(const Store& store, const std::string& origin) {
  Result<MaybeText> vkey = ReadText(store, kVkeyFile, kMaxVkeyBytes);
  if (!vkey.ok()) return vkey.refusal();
  Result<MaybeText> state = ReadText(store, kStateFile, kMaxStateBytes);
  if (!state.ok()) return state.refusal();
  Secret seed(kSeedBytes);
  Result<std::optional<size_t>> size = store.Read(kKeyFile, Privacy::kSecret, seed.bytes());
  if (!size.ok()) return size.refusal();

  if (size.value()) {
    if (*size.value() != kSeedBytes) return Refusal{kKeyFile, EINVAL, "is not 32 bytes long"};
    Result<Notary> notary = MakeNotary(seed.bytes(), origin);
    if (!notary.ok()) return notary.refusal();
    return StartWith(store, std::move(notary.value()), vkey.value(), state.value());
  }
  // What a first start left that did not come to its end has signed nothing.
  const bool unused = state.value() ? State::IsUnused(*state.value()) : !vkey.value();
  if (!unused) return Refusal{kKeyFile, EINVAL, "is missing although there is what it signed"};
  return FirstStart(store, origin);
}

Status WriteState(const Store& store, const State& state) {
  return store.Replace(kStateFile, BytesOf(state.Text()));
}

}  // namespace wf::signer
