// What Node lacks: peer credentials, pidfds, flock, sd_notify, passing descriptors, dumpable, clocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fd.h"
#include "refusal.h"

namespace wf::posix {

struct Credentials {
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
};
struct Message {
  std::vector<uint8_t> data;
  std::vector<Fd> fds;
};
struct Clocks {
  uint64_t boot_ns;
  uint64_t wall_ns;
};

Result<Credentials> PeerCredentials(int fd);
/** Refused with ENOPROTOOPT before Linux 6.5. */
Result<Fd> PeerPidfd(int fd);
Result<Fd> PidfdOpen(int pid);
/** Whether the process has not ended yet; a zombie has. */
Result<bool> PidfdAlive(int pidfd);
/** Whether the lock is ours now. */
Result<bool> FlockExclusive(int fd);
/** sd_notify(3). False: nobody asked to be notified. */
Result<bool> SdNotify(const std::string& state);
/** One message; its descriptors are close-on-exec. Refused with EMSGSIZE when some did not fit. */
Result<Message> ReceiveFds(int fd, size_t max_bytes);
Status SendFds(int fd, const uint8_t* data, size_t bytes, const std::vector<int>& fds);
Status SetDumpable(bool on);
Clocks ReadClocks();

}  // namespace wf::posix
