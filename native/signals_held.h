// No signal interrupts this thread for a while.
#pragma once

#include <csignal>

namespace wf {

/**
 * The verifier gives up with EAGAIN when a signal waits for the thread (kernel/bpf/verifier.c), and loads a program of
 * ours for tens of milliseconds: signals wait until this ends.
 */
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

}  // namespace wf
