#pragma once

// What the kernel says of this process, for the metrics that every Prometheus client has.

#include <optional>
#include <string>

namespace balance {

struct ProcessStats {
  // Processor time used so far, of all threads.
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  // Unset where the kernel does not tell: before Linux 6.2, to a process without core dumps that is
  // not root's.
  std::optional<double> open_fds;
  // Infinite if there is no limit, as the next one.
  double max_fds = 0;
  // Memory at which the control group is made to give some back: the container's limit.
  double memory_limit_bytes = 0;
  // Seconds since the epoch.
  double start_time_seconds = 0;
};

// Reads files of /proc and of the control groups, which takes some 50 us. What cannot be read is
// zero; a limit that cannot be read, infinite.
ProcessStats ReadProcessStats();

// `memory.max` of a control group of version 2, or `memory.limit_in_bytes` of version 1. Infinite
// if it names no limit that a machine could reach.
double ParseMemoryLimit(const std::string& text);

}  // namespace balance
