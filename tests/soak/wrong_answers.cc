#include "tests/soak/wrong_answers.h"

#include <cstdio>

namespace balance {
namespace {

// Most different wrong answers that are shown.
constexpr std::size_t kWrongShown = 20;

}  // namespace

void WrongAnswers::Add(const std::vector<std::string>& lines) {
  size_ += lines.size();
  for (const std::string& line : lines) ++times_[line];
}

bool WrongAnswers::Judge(const AnswerLog& log) const {
  std::printf("answers compared: %zu, wrong: %zu; readings not to be told from unasked ones: %zu\n",
              log.checked(), size_, log.indistinguishable());
  std::size_t shown = 0;
  for (const auto& [line, count] : times_) {
    if (++shown > kWrongShown) break;
    std::printf("  %ld times: %s\n", count, line.c_str());
  }
  return size_ == 0 && log.checked() > 0;
}

}  // namespace balance
