#pragma once

// Servers that answer balance.v1.BalanceService/GetAccountSnapshot without looking at the request:
// what gRPC itself costs, in the API style of each, and what the service's transport costs. Some
// have WatchAccountSnapshots too.

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <string_view>

namespace balance::bench {

// Serves from its creation to its destruction, on threads of its own.
class NullServer {
 public:
  virtual ~NullServer() = default;

  virtual int port() const = 0;

  // Writes the answer once more to each open stream of WatchAccountSnapshots. A stream whose last
  // message is still under way is left out. Called on one thread. Does nothing where there is no
  // such method: callback, core and transport have it.
  virtual void WriteToWatchers() {}
};

// Each listens on `listen`, "HOST:PORT", and answers every call with `answer`, a serialised
// AccountSnapshot, or WatchAccountSnapshotsResponse for a server that is watched. Null if it cannot
// listen.

// A raw method of the callback API with the bytes in one shared slice.
std::unique_ptr<NullServer> StartCallback(const std::string& listen, const std::string& answer);

// A raw method of the completion queue API: one queue and one thread for each core that the process
// may use.
std::unique_ptr<NullServer> StartAsync(const std::string& listen, const std::string& answer);

// Calls of gRPC's core, which is no C++ API, from as many queues: the cheapest way to serve by
// gRPC.
std::unique_ptr<NullServer> StartCore(const std::string& listen, const std::string& answer);

// As StartAsync(), with gRPC's own health service beside it, which is of the callback API: what one
// such method costs all others.
std::unique_ptr<NullServer> StartMixed(const std::string& listen, const std::string& answer);

// Over the service's own transport, with its limits and one loop a core: what it costs itself.
std::unique_ptr<NullServer> StartTransport(const std::string& listen, const std::string& answer);

// A method of the synchronous API that takes and gives raw bytes.
std::unique_ptr<NullServer> StartSync(const std::string& listen, const std::string& answer);

// A typed method of the callback API that fills a message, sets its serve_time and has gRPC
// serialise it on every call. It fills by copying a message that it has parsed before, the cheapest
// way there is.
std::unique_ptr<NullServer> StartFill(const std::string& listen, const std::string& answer);

// By the name of its style: callback, async, core, mixed, transport, sync or fill. Null if there is
// no such style either.
std::unique_ptr<NullServer> StartNullServer(std::string_view style, const std::string& listen,
                                            const std::string& answer);

// That this process may use.
int UsableCores();

// At once on each queue, where there are queues.
inline constexpr int kCallsAwaited = 128;

// A buffer that shares the bytes of `slice`.
inline grpc::ByteBuffer BufferOf(const grpc::Slice& slice) { return {&slice, 1}; }

// Builds and starts `service`, which must outlive the server, on `listen`; `port` is 0 if it cannot
// be had.
std::unique_ptr<grpc::Server> StartService(const std::string& listen, grpc::Service& service,
                                           int& port);

}  // namespace balance::bench
