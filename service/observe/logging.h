#pragma once

// The process's log: one line an event on standard error, written by a thread of its own, so that
// no caller ever waits for a terminal or a pipe. A full queue drops the oldest lines.

#include <cstddef>

#include "service/observe/log_event.h"

namespace balance {

// Lines lost so far because the log could not be written, or not fast enough. Thread-safe.
std::size_t DroppedLogLines();

// Waits until what was logged so far is written, or not if nobody reads the log: false.
bool FlushLog();

// Sets spdlog's default logger up for its lifetime, and flushes at the end as FlushLog() does.
// Created by main.
class Logging {
 public:
  explicit Logging(LogLineFormat format = LogLineFormat::kText);
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;
  ~Logging();
};

}  // namespace balance
