#include "store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <ctime>

namespace wf::signer {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
// A signer whose daemon was killed ends at once, but may be in the middle of an fsync.
constexpr int kLockTries = 250;
constexpr timespec kBetweenTries = {.tv_sec = 0, .tv_nsec = 20'000'000};

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/** Makes the directory, and its name durable. */
Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), kDirectoryMode) != 0) {
    if (errno == EEXIST) return {};
    return LastError("make " + path);
  }
  const Fd parent(open(ParentOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || fsync(parent.get()) != 0) return LastError("sync the parent of " + path);
  return {};
}

Status CheckOwner(const struct stat& file, mode_t forbidden, const std::string& name) {
  if (file.st_uid != geteuid()) return Refusal{name, EPERM, "belongs to another user"};
  if ((file.st_mode & forbidden) != 0)
    return Refusal{name, EPERM,
                   forbidden == static_cast<mode_t>(Privacy::kSecret)
                       ? "others may read or write it"
                       : "others may write it"};
  return {};
}

Status Lock(const Fd& directory, const std::string& path) {
  for (int i = 0; flock(directory.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK) return LastError("lock " + path);
    if (i == kLockTries) return Refusal{path, EBUSY, "is used by another signer"};
    nanosleep(&kBetweenTries, nullptr);
  }
  return {};
}

Status WriteAll(const Fd& file, std::span<const uint8_t> content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t count = write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return LastError("write " + name);
    content = content.subspan(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace

Result<Store> Store::Open(const std::string& path) {
  if (Status refused = MakeDirectory(path)) return *refused;
  Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // A symlink is not a directory either, with these flags.
  if (!directory && (errno == ENOTDIR || errno == ELOOP))
    return Refusal{path, EPERM, "is not a directory"};
  if (!directory) return LastError("open " + path);
  struct stat found = {};
  if (fstat(directory.get(), &found) != 0) return LastError("stat " + path);
  if (Status refused = CheckOwner(found, static_cast<mode_t>(Privacy::kSecret), path))
    return *refused;
  if (Status refused = Lock(directory, path)) return *refused;
  return Store(std::move(directory));
}

Result<std::optional<size_t>> Store::Read(const char* name, Privacy privacy,
                                          std::span<uint8_t> into) const {
  // Without O_NONBLOCK the open of a FIFO would wait for its writer.
  const Fd file(openat(directory_.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::optional<size_t>();
  if (!file && errno == ELOOP) return Refusal{name, EPERM, "is a symbolic link"};
  if (!file) return LastError(std::string("open ") + name);
  struct stat found = {};
  if (fstat(file.get(), &found) != 0) return LastError(std::string("stat ") + name);
  if (!S_ISREG(found.st_mode)) return Refusal{name, EPERM, "is not a file"};
  if (Status refused = CheckOwner(found, static_cast<mode_t>(privacy), name)) return *refused;
  if (found.st_size > static_cast<off_t>(into.size()))
    return Refusal{name, EINVAL, "is larger than it can be"};

  size_t total = 0;
  while (total < into.size()) {
    const ssize_t count = read(file.get(), into.data() + total, into.size() - total);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return LastError(std::string("read ") + name);
    if (count == 0) break;
    total += static_cast<size_t>(count);
  }
  return std::optional<size_t>(total);
}

Status Store::Replace(const char* name, std::span<const uint8_t> content) const {
  const std::string fresh = std::string(name) + ".tmp";
  // Whatever a crash left under this name is overwritten.
  Fd file(openat(directory_.get(), fresh.c_str(),
                 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!file) return LastError("open " + fresh);
  if (Status refused = WriteAll(file, content, fresh)) return refused;
  if (fsync(file.get()) != 0) return LastError("sync " + fresh);
  // On some file systems it is only here that a failed write is told: close(2).
  if (close(file.Release()) != 0) return LastError("close " + fresh);
  if (renameat(directory_.get(), fresh.c_str(), directory_.get(), name) != 0)
    return LastError("rename " + fresh);
  if (fsync(directory_.get()) != 0) return LastError("sync the directory");
  return {};
}

}  // namespace wf::signer
