// Requests from one descriptor answered on another, one after the other, until the end of the input.
#pragma once

#include <csignal>

#include "../refusal.h"
#include "signer.h"

namespace wf::signer {

/** SIGTERM from now on ends the service between two requests. A terminal's signals are the daemon's to answer. */
Status CatchSignals();
/** Nothing: the input ended, or SIGTERM came. Refused with EPROTO where the input is no frame. */
Status Serve(Signer* signer, int input, int output);

}  // namespace wf::signer
