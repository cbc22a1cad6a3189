#include "harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wf::signer {

Status Harden() {
  constexpr int kFirstOther = STDERR_FILENO + 1;
  closefrom(kFirstOther);
  umask(077);
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return LastError("RLIMIT_CORE");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return LastError("PR_SET_DUMPABLE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return LastError("PR_SET_NO_NEW_PRIVS");
  return {};
}

}  // namespace wf::signer
