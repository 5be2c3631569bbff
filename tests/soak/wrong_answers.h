#pragma once

// The answers of a run that were wrong.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tests/soak/answer_log.h"

namespace balance {

// Used on one thread.
class WrongAnswers {
 public:
  // A line for each, as AnswerLog::Check() returns them.
  void Add(const std::vector<std::string>& lines);

  std::size_t size() const { return size_; }

  // Prints how many of the answers that were logged were wrong, and the first different lines;
  // whether none was, and there were any answers.
  bool Judge(const AnswerLog& log) const;

 private:
  std::size_t size_ = 0;
  // How often each line was added.
  std::map<std::string, long> times_;
};

}  // namespace balance
