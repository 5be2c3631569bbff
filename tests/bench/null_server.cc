#include "tests/bench/null_server.h"

#include <sched.h>

namespace balance::bench {

std::unique_ptr<NullServer> StartNullServer(std::string_view style, const std::string& listen,
                                            const std::string& answer) {
  if (style == "callback") return StartCallback(listen, answer);
  if (style == "async") return StartAsync(listen, answer);
  if (style == "core") return StartCore(listen, answer);
  if (style == "mixed") return StartMixed(listen, answer);
  if (style == "transport") return StartTransport(listen, answer);
  if (style == "sync") return StartSync(listen, answer);
  if (style == "fill") return StartFill(listen, answer);
  return nullptr;
}

int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  sched_getaffinity(0, sizeof(cores), &cores);
  return CPU_COUNT(&cores);
}

std::unique_ptr<grpc::Server> StartService(const std::string& listen, grpc::Service& service,
                                           int& port) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  return builder.BuildAndStart();
}

}  // namespace balance::bench
