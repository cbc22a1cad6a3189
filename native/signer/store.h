// The signer's directory: private, used by one process at a time, its files replaced whole and durably.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "../fd.h"
#include "../refusal.h"

namespace wf::signer {

/** Permission bits that a file must not have. */
enum class Privacy : mode_t { kSecret = 077, kOwnersToWrite = 022 };

class Store {
 public:
  /** Makes the directory if it is not there, and waits a while for another signer to end. */
  static Result<Store> Open(const std::string& path);

  /** Bytes read. Nothing: there is no such file. Refused with EINVAL when the file has more than fits. */
  Result<std::optional<size_t>> Read(const char* name, Privacy privacy,
                                     std::span<uint8_t> into) const;
  /** After it the file is the old or the new one whatever happens; without a refusal the new one, durably. */
  Status Replace(const char* name, std::span<const uint8_t> content) const;

 private:
  explicit Store(Fd directory) : directory_(std::move(directory)) {}
  Fd directory_;
};

}  // namespace wf::signer
