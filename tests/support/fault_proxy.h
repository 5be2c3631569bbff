#pragma once

// A TCP proxy on loopback that misbehaves as told, between a client under test and its server. The
// faults are named after Toxiproxy's. Their counts and delays are about what goes to the client;
// what it sends is passed on as it is.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace balance {

// What is wrong with the way, all at once. By default nothing is.
struct Toxics {
  // Before each piece.
  std::chrono::milliseconds latency{0};
  // Bytes a second; 0: as many as there are.
  std::uint64_t bandwidth = 0;
  // Most bytes of a piece; 0: as they come.
  std::size_t slicer = 0;
  // Nothing is passed on in either direction, and a connection made meanwhile stays deaf for good.
  // It is closed after that time; zero: never.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  // RST once so many bytes have reached the client; 0: as soon as it connects or is sent anything.
  std::optional<std::uint64_t> reset_peer = std::nullopt;
  // FIN once so many bytes have reached the client.
  std::optional<std::uint64_t> limit_data = std::nullopt;
};

struct FaultProxyStats {
  std::uint64_t connections = 0;
  std::uint64_t open_connections = 0;
  std::uint64_t bytes_to_server = 0;
  std::uint64_t bytes_to_client = 0;
};

// Runs from construction to destruction on a thread of its own. Thread-safe: every method waits for
// that thread.
class FaultProxy {
 public:
  // Listens on 127.0.0.1, on a port that the system chooses, and connects to `server_port` there.
  // Throws boost::system::system_error if no port can be had.
  explicit FaultProxy(std::uint16_t server_port);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  // Resets all connections.
  ~FaultProxy();

  std::uint16_t port() const;

  // In place of what was set before, for the open connections too. Bytes are counted anew.
  void Set(Toxics toxics);
  void Clear() { Set({}); }

  // Refuses connections and resets those there are, until Up(), which keeps the port.
  void Down();
  void Up();

  // RST on all open connections.
  void ResetConnections();

  FaultProxyStats stats() const;

 private:
  class Impl;

  std::unique_ptr<Impl> impl_;
};

}  // namespace balance
