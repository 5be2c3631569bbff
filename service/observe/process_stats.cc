#include "service/observe/process_stats.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>

namespace balance {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
// Version 1 writes the greatest multiple of a page that 63 bits can hold where there is no limit.
constexpr double kBeyondAnyMachine = 1e18;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The fields of /proc/self/stat behind the name of the program, which may hold anything: the first
// is the one that proc(5) numbers 3.
std::istringstream StatFields() {
  const std::string stat = ReadFile("/proc/self/stat");
  return std::istringstream(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
}

std::string StatField(int number) {
  std::istringstream fields = StatFields();
  std::string field;
  for (int i = 3; i <= number; ++i) fields >> field;
  return field;
}

double TicksOf(int field) {
  const std::string text = StatField(field);
  const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return text.empty() ? 0 : std::strtod(text.c_str(), nullptr) / per_second;
}

double BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word) {
    if (word == "btime") {
      file >> seconds;
      break;
    }
  }
  return seconds;
}

std::optional<double> CountOpenFds() {
  struct stat folder {};
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) {
    return static_cast<double>(folder.st_size);
  }
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (error) return std::nullopt;
  // One of them is this look itself.
  return static_cast<double>(std::distance(begin(open), end(open)) - 1);
}

double MaxFds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return static_cast<double>(limit.rlim_cur);
}

// The path of this process's group below the mount, as `0::/path` or `N:memory:/path` says.
std::string GroupPath(const std::string& marker) {
  std::istringstream lines(ReadFile("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(marker);
    if (at != std::string::npos) return line.substr(at + marker.size());
  }
  return "/";
}

// A container sees its own group at the mount's root, or where the host has it.
double MemoryLimit() {
  double limit = kNoLimit;
  const std::string root = "/sys/fs/cgroup";
  for (const std::string& path :
       {root + "/memory.max", root + GroupPath("0::") + "/memory.max",
        root + "/memory/memory.limit_in_bytes",
        root + "/memory" + GroupPath(":memory:") + "/memory.limit_in_bytes"}) {
    limit = std::min(limit, ParseMemoryLimit(ReadFile(path)));
  }
  return limit;
}

}  // namespace

double ParseMemoryLimit(const std::string& text) {
  char* end = nullptr;
  const double bytes = std::strtod(text.c_str(), &end);
  const bool is_limit = end != text.c_str() && bytes > 0 && bytes < kBeyondAnyMachine;
  return is_limit ? bytes : kNoLimit;
}

ProcessStats ReadProcessStats() {
  constexpr int kUserTime = 14;
  constexpr int kSystemTime = 15;
  constexpr int kStartTime = 22;
  ProcessStats stats;
  stats.cpu_seconds = TicksOf(kUserTime) + TicksOf(kSystemTime);
  stats.start_time_seconds = BootTimeSeconds() + TicksOf(kStartTime);
  std::istringstream pages(ReadFile("/proc/self/statm"));
  pages >> stats.virtual_bytes >> stats.resident_bytes;
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  stats.virtual_bytes *= page;
  stats.resident_bytes *= page;
  stats.open_fds = CountOpenFds();
  stats.max_fds = MaxFds();
  stats.memory_limit_bytes = MemoryLimit();
  return stats;
}

}  // namespace balance
