#include "log.h"

#include <bpf/libbpf.h>
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace wf {
namespace {

// libbpf's print function is one per process and carries no context, yet is called on the caller's
// thread: the log of a call is therefore per thread, which keeps worker environments apart.
thread_local Log* active = nullptr;

int Print(libbpf_print_level level, const char* format, va_list args) {
  if (active == nullptr || level == LIBBPF_DEBUG) return 0;
  va_list again;
  va_copy(again, args);
  const int length = vsnprintf(nullptr, 0, format, args);
  std::string text(length > 0 ? static_cast<size_t>(length) : 0, '\0');
  vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  active->Add(text);
  return length;
}

}  // namespace

void Log::Add(std::string_view text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    lines_.emplace_back(line.substr(0, kMaxLineBytes));
    ++added_;
    if (lines_.size() > kMaxLines) {
      lines_.pop_front();
      ++pushed_out_;
    }
  }
}

std::vector<std::string> Log::Take() {
  std::vector<std::string> taken;
  taken.reserve(lines_.size() + 1);
  if (pushed_out_ > 0) taken.push_back(std::to_string(pushed_out_) + " earlier lines left out");
  for (std::string& line : lines_) taken.push_back(std::move(line));
  lines_.clear();
  pushed_out_ = 0;
  return taken;
}

std::string Log::LastFailedProgram(size_t since) const {
  constexpr std::string_view kBefore = "libbpf: prog '";
  const auto end_of_old =
      lines_.rbegin() + static_cast<ptrdiff_t>(std::min(added_ - since, lines_.size()));
  for (auto line = lines_.rbegin(); line != end_of_old; ++line) {
    const size_t end = line->find("': failed to ");
    if (line->starts_with(kBefore) && end != std::string::npos)
      return line->substr(kBefore.size(), end - kBefore.size());
  }
  return {};
}

LogScope::LogScope(Log& log) : outer_(std::exchange(active, &log)) { libbpf_set_print(Print); }

LogScope::~LogScope() { active = outer_; }

}  // namespace wf
