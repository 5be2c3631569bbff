#include <benchmark/benchmark.h>
#include <grpc/grpc.h>
#include <sodium.h>

#include <cstdlib>

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv) || sodium_init() < 0) return EXIT_FAILURE;
  // For the byte buffers, which no server or channel of ours initialises it for.
  grpc_init();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  grpc_shutdown();
  return EXIT_SUCCESS;
}
