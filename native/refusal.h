// A refusal of the world as a value: the addon's C++ never throws.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace wf {

/** `error` is a positive errno, or one of libbpf's own numbers (4000 and up). */
struct Refusal {
  std::string operation;
  int error = 0;
  std::string detail = {};
};

/** Nothing, or why it did not happen. */
using Status = std::optional<Refusal>;

/** The errno of a call that just failed. */
inline Refusal LastError(std::string operation, std::string detail = {}) {
  return {std::move(operation), errno, std::move(detail)};
}

/** A value, or why there is none. Reading the one that is not there is a mistake of the caller. */
template <typename T>
class Result {
 public:
  Result(T value) : content_(std::move(value)) {}
  Result(Refusal refusal) : content_(std::move(refusal)) {}

  bool ok() const { return content_.index() == 0; }
  T& value() { return *std::get_if<0>(&content_); }
  const Refusal& refusal() const { return *std::get_if<1>(&content_); }

 private:
  std::variant<T, Refusal> content_;
};

}  // namespace wf
