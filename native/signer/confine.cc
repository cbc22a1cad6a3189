#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <cstddef>
#include <iterator>
#include <vector>

#include "harden.h"

namespace wf::signer {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the system calls of this architecture are not known here"
#endif

// What serves a request, what malloc and libcrypto may ask for on the way, and the ways out. All else gets EPERM,
// not a signal: a libc that tries something newer first falls back, and a hole in this list is an error with a name.
constexpr unsigned kAllowed[] = {
    __NR_read,          __NR_write,        __NR_ppoll,           __NR_openat,
    __NR_close,         __NR_fsync,        __NR_renameat,        __NR_renameat2,
    __NR_brk,           __NR_mmap,         __NR_munmap,          __NR_mremap,
    __NR_mprotect,      __NR_madvise,      __NR_munlock,         __NR_futex,
    __NR_getrandom,     __NR_getpid,       __NR_gettid,          __NR_tgkill,
    __NR_writev,        __NR_rt_sigreturn, __NR_restart_syscall, __NR_exit_group,
    __NR_clock_gettime, __NR_rt_sigaction, __NR_rt_sigprocmask,
};

}  // namespace

Status Confine() {
#if defined(__SANITIZE_ADDRESS__)
  // The sanitizers' own runtime needs more.
  return {};
#else
  const auto load = [](size_t offset) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
  };
  const sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  std::vector<sock_filter> program = {
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      refuse,
      load(offsetof(seccomp_data, nr)),
  };
  for (const unsigned number : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(refuse);
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  // EINVAL: a kernel without CONFIG_SECCOMP_FILTER, where there is nothing to be had.
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0 && errno != EINVAL)
    return LastError("PR_SET_SECCOMP");
  return {};
#endif
}

}  // namespace wf::signer
