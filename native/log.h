// libbpf's and the verifier's words, kept for the daemon's log instead of stderr.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace wf {

/** The newest lines; what was pushed out is counted in the first line of the next Take. */
class Log {
 public:
  void Add(std::string_view text);
  std::vector<std::string> Take();
  /** Lines added so far. */
  size_t added() const { return added_; }
  /**
   * The program the last line of the form "prog 'NAME': failed to ..." is about, among those that came after
   * the first `since`; empty when there is none.
   */
  std::string LastFailedProgram(size_t since) const;

 private:
  static constexpr size_t kMaxLines = 512;
  static constexpr size_t kMaxLineBytes = 512;
  std::deque<std::string> lines_;
  size_t added_ = 0;
  size_t pushed_out_ = 0;
};

/** While it lives, what libbpf says on this thread goes to that log; outside of one it is dropped. */
class LogScope {
 public:
  explicit LogScope(Log& log);
  LogScope(const LogScope&) = delete;
  ~LogScope();

 private:
  Log* outer_;
};

}  // namespace wf
