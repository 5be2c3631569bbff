// The service of connectrpc.com/conformance over our own transport, for judges that others wrote.
//
// Without options it does what connectconformance asks of a server under test: it reads the server
// that is wanted from standard input, and says on standard output where it is. With --port-file it
// serves plaintext at once and writes the port there. Both end by SIGTERM; the latter then says how
// many connections there were, and with --say-when-aged also as soon as so many of them have ended
// by their age.

#include <conformance.pb.h>
#include <sodium.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "clients/core/secret.h"
#include "service/transport/proto_messages.h"
#include "service/transport/transport_server.h"
#include "tests/conformance/grpc_conformance/conformance_service.h"

namespace balance {
namespace {

namespace proto = connectrpc::conformance::v1;

constexpr const char* kHost = "127.0.0.1";
// So that connections are dealt to more than one, however few cores there are.
constexpr int kLoops = 2;

struct Options {
  std::string port_file;
  double age_seconds = 0;
  std::uint64_t say_when_aged = 0;
};

// Messages stand behind four bytes of their length.
std::optional<proto::ServerCompatRequest> ReadRequest(std::istream& in) {
  std::array<char, sizeof(std::uint32_t)> prefix{};
  if (!in.read(prefix.data(), prefix.size())) return std::nullopt;
  std::uint32_t size = 0;
  for (const char c : prefix) size = size << 8U | static_cast<unsigned char>(c);
  std::string bytes(size, '\0');
  proto::ServerCompatRequest request;
  if (!in.read(bytes.data(), size) || !ParseBytes(bytes, request)) return std::nullopt;
  return request;
}

void WriteResponse(std::ostream& out, const proto::ServerCompatResponse& response) {
  const std::string bytes = response.SerializeAsString();
  const auto size = static_cast<std::uint32_t>(bytes.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out.put(static_cast<char>(size >> shift));
  out << bytes << std::flush;
}

Result<std::shared_ptr<const TlsContext>> TlsFor(const proto::ServerCompatRequest& request) {
  if (!request.use_tls()) return std::shared_ptr<const TlsContext>();
  const Secret key(request.server_creds().key());
  return TlsContext::Make({.certificates = request.server_creds().cert(),
                           .private_key = key,
                           .client_cas = request.client_tls_cert(),
                           .client_certificates = request.client_tls_cert().empty()
                                                      ? ClientCertificates::kNone
                                                      : ClientCertificates::kRequired});
}

// Appears whole or not at all.
void WritePort(const std::string& path, std::uint16_t port) {
  const std::string temporary = path + ".new";
  std::ofstream(temporary) << port;
  std::filesystem::rename(temporary, path);
}

std::uint64_t Aged(const TransportServer& server) {
  return server.stats().connections_ended[static_cast<std::size_t>(ConnectionEnd::kAge)];
}

// REQUIRES: the signals of `stop` are blocked.
void AwaitStop(const sigset_t& stop, const TransportServer& server, const Options& options) {
  constexpr timespec kInterval{.tv_sec = 0, .tv_nsec = 50'000'000};
  bool has_said = options.say_when_aged == 0;
  while (sigtimedwait(&stop, nullptr, &kInterval) < 0) {
    if (has_said || Aged(server) < options.say_when_aged) continue;
    std::cout << "enough have aged" << std::endl;
    has_said = true;
  }
}

int Fail(const std::string& why) {
  std::cerr << "grpc-conformance-server: " << why << "\n";
  return EX_UNAVAILABLE;
}

// REQUIRES: the signals of `stop` are blocked.
int Serve(const Options& options, const sigset_t& stop) {
  proto::ServerCompatRequest request;
  if (options.port_file.empty()) {
    const auto read = ReadRequest(std::cin);
    if (!read) return Fail("standard input has no ServerCompatRequest");
    request = *read;
  }
  const auto tls = TlsFor(request);
  if (!tls) return Fail(tls.error().message);

  SystemClock clock;
  DelayThread delays;
  MethodTable methods;
  AddConformanceService(methods, clock, delays);
  TransportLimits limits;
  if (request.message_receive_limit() > 0) limits.request_bytes = request.message_receive_limit();
  if (options.age_seconds > 0) {
    limits.age =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.age_seconds));
  }
  TransportServer server(methods, clock, {limits, kLoops});
  const auto port = server.Start(kHost, 0, *tls);
  if (!port) return Fail(port.error().message);

  if (options.port_file.empty()) {
    proto::ServerCompatResponse response;
    response.set_host(kHost);
    response.set_port(*port);
    if (request.use_tls()) response.set_pem_cert(request.server_creds().cert());
    WriteResponse(std::cout, response);
  } else {
    WritePort(options.port_file, *port);
  }
  AwaitStop(stop, server, options);
  server.Stop();
  if (!options.port_file.empty()) {
    std::cout << "connections=" << server.stats().connections_opened << " aged=" << Aged(server)
              << "\n";
  }
  return EX_OK;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Serves the conformance service of connectrpc.com/conformance.");
  app.add_option("--port-file", options.port_file, "serve plaintext, and write the port here");
  app.add_option("--age", options.age_seconds, "seconds after which connections end");
  app.add_option("--say-when-aged", options.say_when_aged,
                 "say so when so many connections have ended by their age");
  CLI11_PARSE(app, argc, argv);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  // Threads that are started later inherit it.
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  if (sodium_init() < 0) return Fail("libsodium does not start");
  return Serve(options, stop);
}

}  // namespace
}  // namespace balance

int main(int argc, char** argv) {
  try {
    return balance::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "grpc-conformance-server: " << error.what() << "\n";
    return 1;
  }
}
