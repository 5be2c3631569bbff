#pragma once

namespace balance {

// While it lives, writes what gRPC logs to the process's log: a few lines of each place in gRPC
// only, since strangers cause some of them. gRPC's own threads would write it otherwise. One at a
// time. REQUIRES: the process's log outlives it.
class GrpcLog {
 public:
  GrpcLog();
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
  ~GrpcLog();
};

}  // namespace balance
