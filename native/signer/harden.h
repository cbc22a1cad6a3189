// What keeps others out of this process, and this process out of what it has no need of.
#pragma once

#include "../refusal.h"

namespace wf::signer {

/** First of all: no dump, no debugger of the same user, no descriptor but the three, no new privileges. */
Status Harden();
/** When all is ready: only the system calls that reading, writing and replacing a file take. */
Status Confine();

}  // namespace wf::signer
