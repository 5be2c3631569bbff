#pragma once

// Figures that the service answered with, to be held against what the upstreams really had.

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "tests/sandbox/sandbox.h"

namespace balance {

struct SeenFigure {
  sandbox::Side side;
  std::string cash;
  // Between these the upstream read its books.
  WallTime observe_time;
  WallTime receive_time;
};

// Thread-safe.
class AnswerLog {
 public:
  void Add(SeenFigure figure);

  // Compares what was seen since the last time with the sandbox's history: the figure must be one
  // that was held between observe and receive time, digit for digit. Returns a line for each that
  // was not.
  std::vector<std::string> Check(sandbox::Sandbox& upstreams);

  std::size_t checked() const { return checked_; }

 private:
  std::mutex mutex_;
  std::vector<SeenFigure> figures_;
  std::size_t checked_ = 0;
};

}  // namespace balance
