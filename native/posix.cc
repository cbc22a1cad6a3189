#include "posix.h"

#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace wf::posix {
namespace {

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

constexpr size_t kMaxFds = 253;  // SCM_MAX_FD of the kernel
constexpr size_t kControlBytes = CMSG_SPACE(kMaxFds * sizeof(int));

std::vector<Fd> TakeFds(msghdr* message) {
  std::vector<Fd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

uint64_t Nanoseconds(clockid_t clock) {
  constexpr uint64_t kPerSecond = 1'000'000'000;
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

Result<Credentials> PeerCredentials(int fd) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return LastError("SO_PEERCRED");
  return Credentials{peer.pid, peer.uid, peer.gid};
}

Result<Fd> PeerPidfd(int fd) {
  int pidfd = -1;
  socklen_t size = sizeof(pidfd);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) != 0)
    return LastError("SO_PEERPIDFD");
  return Fd(pidfd);
}

Result<Fd> PidfdOpen(int pid) {
  Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return LastError("pidfd_open");
  return pidfd;
}

Result<bool> PidfdAlive(int pidfd) {
  // pidfd_open(2): it can be read once the process has ended.
  pollfd watched = {pidfd, POLLIN, 0};
  int ready = -1;
  do ready = poll(&watched, 1, 0);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return LastError("poll of a pidfd");
  if ((watched.revents & POLLNVAL) != 0) return Refusal{"poll of a pidfd", EBADF};
  return ready == 0;
}

Result<bool> FlockExclusive(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return LastError("flock");
}

Result<bool> SdNotify(const std::string& state) {
  const char* path = getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return false;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const size_t length = strlen(path);
  if (*path != '/' && *path != '@')
    return Refusal{"sd_notify", EAFNOSUPPORT, "NOTIFY_SOCKET is neither a path nor abstract"};
  if (length >= sizeof(address.sun_path)) return Refusal{"sd_notify", ENAMETOOLONG};
  memcpy(address.sun_path, path, length);
  if (*path == '@') address.sun_path[0] = '\0';

  const Fd socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_fd) return LastError("sd_notify");
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const ssize_t sent = sendto(socket_fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), size);
  if (sent < 0) return LastError("sd_notify");
  return true;
}

Result<Message> ReceiveFds(int fd, size_t max_bytes) {
  Message received;
  received.data.resize(max_bytes);
  alignas(cmsghdr) char control[kControlBytes] = {};
  iovec part = {received.data.data(), received.data.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t count = -1;
  do count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count < 0) return LastError("recvmsg");
  received.data.resize(static_cast<size_t>(count));
  received.fds = TakeFds(&message);
  if ((message.msg_flags & MSG_CTRUNC) != 0)
    return Refusal{"recvmsg", EMSGSIZE, "some descriptors could not be received"};
  return received;
}

Status SendFds(int fd, const uint8_t* data, size_t bytes, const std::vector<int>& fds) {
  if (fds.size() > kMaxFds) return Refusal{"sendmsg", E2BIG, "more than 253 descriptors"};
  if (bytes == 0) return Refusal{"sendmsg", EINVAL, "descriptors travel with at least one byte"};
  alignas(cmsghdr) char control[kControlBytes] = {};
  iovec part = {const_cast<uint8_t*>(data), bytes};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    const size_t size = fds.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(rights), fds.data(), size);
  }
  ssize_t sent = -1;
  do sent = sendmsg(fd, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return LastError("sendmsg");
  if (static_cast<size_t>(sent) != bytes)
    return Refusal{"sendmsg", EMSGSIZE, "only a part of the message fitted"};
  return {};
}

Status SetDumpable(bool on) {
  if (prctl(PR_SET_DUMPABLE, on ? 1 : 0, 0, 0, 0) != 0) return LastError("PR_SET_DUMPABLE");
  return {};
}

Clocks ReadClocks() {
  // The wall clock belongs to the middle of the two readings around it.
  const uint64_t before = Nanoseconds(CLOCK_BOOTTIME);
  const uint64_t wall = Nanoseconds(CLOCK_REALTIME);
  const uint64_t after = Nanoseconds(CLOCK_BOOTTIME);
  return {before + (after - before) / 2, wall};
}

}  // namespace wf::posix
