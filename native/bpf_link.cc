#include "bpf_link.h"

#include <algorithm>
#include <system_error>
#include <thread>

namespace wf {
namespace {

/** Ends what was moved into it. */
void End(AnyLink) {}

/** A thread that ends the link; where no thread can be had, the link ends here and now. */
std::thread EndOnThread(AnyLink& link) {
  try {
    return std::thread([&link] { End(std::move(link)); });
  } catch (const std::system_error&) {
    End(std::move(link));
    return {};
  }
}

}  // namespace

void LinkSet::Add(LinkSet set) {
  for (AnyLink& link : set.links_) links_.push_back(std::move(link));
  set.links_.clear();
}

LinkSet::~LinkSet() {
  constexpr size_t kAtOnce = 32;
  for (size_t begin = 0; begin < links_.size(); begin += kAtOnce) {
    const size_t end = std::min(begin + kAtOnce, links_.size());
    std::vector<std::thread> threads;
    for (size_t i = begin; i < end; ++i) threads.push_back(EndOnThread(links_[i]));
    for (std::thread& thread : threads)
      if (thread.joinable()) thread.join();
  }
}

}  // namespace wf
