#pragma once

// The faults that wait for requests of one side.

#include <deque>
#include <optional>
#include <string>

#include "tests/sandbox/fault.h"
#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class FaultQueue {
 public:
  void Push(Fault fault) { faults_.push_back(std::move(fault)); }
  void Clear() { faults_.clear(); }

  // The first fault that `call` of `key` meets; it loses one of its count, and goes with the last.
  std::optional<Fault> Take(const HttpCall& call, const std::string& key);

  const std::deque<Fault>& pending() const { return faults_; }

 private:
  std::deque<Fault> faults_;
};

}  // namespace balance::sandbox
