// Attached programs: whatever holds one detaches it when it ends.
#pragma once

#include <bpf/libbpf.h>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "fd.h"

namespace wf {

struct BpfLinkDestroy {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using BpfLink = std::unique_ptr<bpf_link, BpfLinkDestroy>;

/** libbpf's link, or the descriptor of one that libbpf does not know. */
using AnyLink = std::variant<Fd, BpfLink>;

/**
 * Links that end together. To end one waits some 40 ms for the kernel's grace periods, and those of several
 * overlap: so each ends on a thread of its own, all of which are gone when the destructor returns.
 */
class LinkSet {
 public:
  LinkSet() = default;
  LinkSet(LinkSet&&) = default;
  LinkSet& operator=(LinkSet&&) = delete;
  ~LinkSet();

  void Add(AnyLink link) { links_.push_back(std::move(link)); }
  void Add(LinkSet set);

 private:
  std::vector<AnyLink> links_;
};

}  // namespace wf
