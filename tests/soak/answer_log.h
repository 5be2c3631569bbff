#pragma once

// What the service answered with, to be held against what the upstreams really had.

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "tests/sandbox/sandbox.h"

namespace balance {

// That nothing is held.
inline constexpr const char* kNothing = "nothing";

struct SeenFigure {
  sandbox::Side side;
  // As it is written, or kNothing.
  std::string cash;
  // Between these the upstream read its books.
  WallTime observe_time;
  WallTime receive_time;
};

// Thread-safe.
class AnswerLog {
 public:
  void Add(SeenFigure figure);
  // What was wrong with an answer in itself; the next Check() returns it.
  void AddWrong(std::vector<std::string> lines);

  // Compares what was seen since the last time with the sandbox's history: the figure must be one
  // that was held between observe and receive time, digit for digit, and nothing only if nothing
  // was. Returns a line for each that was not.
  std::vector<std::string> Check(sandbox::Sandbox& upstreams);

  std::size_t checked() const { return checked_; }

 private:
  std::mutex mutex_;
  std::vector<SeenFigure> figures_;
  std::vector<std::string> wrong_;
  std::size_t checked_ = 0;
};

}  // namespace balance
