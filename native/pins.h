// Kernel state with a name in the bpf file system, which keeps it when the process that made it is gone.
#pragma once

#include <bpf/libbpf.h>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "fd.h"
#include "refusal.h"

namespace wf {

/**
 * One directory of pins: `map_NAME` and `link_NAME`. Its name is that of the build and the sizes that made
 * them, so that nobody adopts what another build means something else by.
 */
class Pins {
 public:
  /** Makes `parent`/`name`, or finds it as it was left. */
  static Result<Pins> Open(const std::string& parent, std::string_view name);

  /** Every map of `object`, which is not loaded yet, becomes the pinned one. False: some are not there. */
  bool AdoptMaps(bpf_object* object) const;
  /** Of a loaded object. */
  Status PinMaps(bpf_object* object) const;
  /** The link pinned for that program, when it is there and still attached to something. */
  std::optional<Fd> Link(const char* program) const;
  Status PinLink(const char* program, int link) const;
  /** Links whose descriptors nobody holds end with their pins. */
  void RemoveLinks() const;
  /** Links, maps, and the directory. */
  void RemoveAll() const;
  /** Every other directory beside this one. Returns how many there were. */
  size_t RemoveOthers() const;

 private:
  Pins(std::string parent, std::string name) : parent_(std::move(parent)), name_(std::move(name)) {}
  std::string Path(std::string_view kind, std::string_view object) const;

  std::string parent_;
  std::string name_;
};

}  // namespace wf
