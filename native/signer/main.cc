// watchfloor-signer: holds the node's key and signs what extends its history, for the daemon that started it.
#include <cstdio>
#include <cstring>
#include <string>

#include "explain.h"
#include "harden.h"
#include "key.h"
#include "service.h"
#include "signer.h"
#include "store.h"

namespace wf::signer {
namespace {

// sysexits.h
enum Exit {
  kDone = 0,
  kUsage = 64,
  kIo = 74,
  kBusy = 75,
  kProtocol = 76,
  kNoPermission = 77,
  kConfig = 78
};

int ExitOf(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return kNoPermission;
    case EINVAL:
      return kConfig;
    case EBUSY:
      return kBusy;
    case EPROTO:
      return kProtocol;
    default:
      return kIo;
  }
}

struct Arguments {
  std::string directory;
  std::string origin;
};

bool ReadArguments(int count, char** values, Arguments* arguments) {
  if (count != 5) return false;
  for (int i = 1; i < count; i += 2) {
    if (strcmp(values[i], "--directory") == 0)
      arguments->directory = values[i + 1];
    else if (strcmp(values[i], "--origin") == 0)
      arguments->origin = values[i + 1];
    else
      return false;
  }
  return !arguments->directory.empty() && !arguments->origin.empty();
}

Status Run(const Arguments& arguments) {
  if (Status refused = Harden()) return refused;
  if (Status refused = CatchSignals()) return refused;
  if (Status refused = LockSecrets()) return refused;
  Result<Store> store = Store::Open(arguments.directory);
  if (!store.ok()) return store.refusal();
  Result<Signer> signer = Signer::Open(std::move(store.value()), arguments.origin);
  if (!signer.ok()) return signer.refusal();
  if (Status refused = Confine()) return refused;
  return Serve(&signer.value(), STDIN_FILENO, STDOUT_FILENO);
}

}  // namespace
}  // namespace wf::signer

int main(int count, char** values) {
  using namespace wf::signer;
  Arguments arguments;
  if (!ReadArguments(count, values, &arguments)) {
    fputs("usage: watchfloor-signer --directory DIR --origin ORIGIN\n", stderr);
    return kUsage;
  }
  if (const wf::Status refused = Run(arguments)) {
    // Nobody reads any more: the daemon has gone, and so do we.
    if (refused->error == EPIPE) return kDone;
    fprintf(stderr, "watchfloor-signer: %s\n", Explain(*refused).c_str());
    return ExitOf(refused->error);
  }
  return kDone;
}
