#pragma once

namespace balance {

// libcurl's process-wide state. Constructed by main before any thread, destroyed after the last
// transport. Throws std::runtime_error if libcurl cannot start.
class CurlGlobal {
 public:
  CurlGlobal();
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
  ~CurlGlobal();
};

}  // namespace balance
