#include "tests/integration/tls/tls_fixture.h"

#include <sodium.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "service/config/load_config.h"
#include "service/server/venues.h"

namespace balance {
namespace {

namespace fs = std::filesystem;

constexpr auto kPollInterval = std::chrono::milliseconds(5);
// Leaves the processor to the tests beside this one.
constexpr auto kHandshakeInterval = std::chrono::milliseconds(1);
constexpr const char* kNames[] = {"tls.crt", "tls.key", "ca.crt"};

}  // namespace

bool Becomes(const std::function<bool()>& condition, std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

void MountedFiles::Mount(const std::string& certificate, const std::string& key,
                         const std::string& cas) {
  const std::string data = "..generation-" + std::to_string(++generation_);
  fs::create_directory(Path(data));
  const std::string* const texts[] = {&certificate, &key, &cas};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (!texts[i]->empty()) directory_.Write(data + "/" + kNames[i], *texts[i]);
  }
  fs::create_symlink(data, Path("..data_tmp"));
  fs::rename(Path("..data_tmp"), Path("..data"));
  if (generation_ > 1) {
    fs::remove_all(Path("..generation-" + std::to_string(generation_ - 1)));
    return;
  }
  for (const char* name : kNames) {
    fs::create_symlink(std::string("..data/") + name, Path(name));
  }
}

namespace {

std::optional<std::string> NoVariable(const std::string&) { return std::nullopt; }

}  // namespace

TlsServiceTest::TlsServiceTest() {
  if (sodium_init() < 0) throw std::runtime_error("sodium_init");
  Mount(first_);
}

std::string TlsServiceTest::WriteConfig(const std::string& tls, const std::string& more) const {
  return config_.Write("config.yaml",
                       "listen: 127.0.0.1:0\n"
                       "admin_listen: 127.0.0.1:0\n"
                       "accounts:\n"
                       "- id: desk-1\n"
                       "  sources:\n"
                       "  - {id: sim, polysimulator: {base_url: '" +
                           base_url_ + "', api_key: {value: " + api_key_ +
                           "}}}\n"
                           "tls:\n"
                           "  certificate_file: " +
                           files_.Path("tls.crt") +
                           "\n  private_key_file: " + files_.Path("tls.key") +
                           "\n  client_ca_file: " + files_.Path("ca.crt") + "\n" + tls + more);
}

void TlsServiceTest::Start(const std::string& tls, const std::string& more) {
  auto config = LoadConfig(WriteConfig(tls, more), NoVariable, AllVenues());
  if (!config) throw std::runtime_error(config.error().front().ToString());
  server_ = std::make_unique<BalanceServer>(std::move(*config), KindsOf(AllVenues()));
  if (const auto started = server_->Start(); !started) {
    throw std::runtime_error(started.error().message);
  }
}

bool TlsServiceTest::Reload(const std::string& more) {
  const std::string path = WriteConfig("", more);
  const auto load = [&path](const InForce& in_force, FileStates& files) {
    return ReloadConfig(path, NoVariable, AllVenues(), in_force, &files);
  };
  return Reloader(*server_, load, {}, [] {}).Reload();
}

std::shared_ptr<grpc::Channel> TlsServiceTest::NewChannel(
    const TestCertificate& certificate) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(
      Address(), grpc::SslCredentials({ca_.cert_pem(), certificate.key_pem, certificate.cert_pem}),
      arguments);
}

grpc::Status TlsServiceTest::ListSources(grpc::Channel& channel,
                                         grpc::ClientContext& context) const {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  // The stub wants to share what the caller keeps.
  const auto stub =
      v1::BalanceService::NewStub(std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
  v1::ListSourcesResponse sources;
  return stub->ListSources(&context, {}, &sources);
}

grpc::Status TlsServiceTest::ListSources(grpc::Channel& channel) const {
  grpc::ClientContext context;
  return ListSources(channel, context);
}

double TlsServiceTest::Metric(const std::string& series) const {
  std::istringstream page(HttpGet(server_->admin_address(), "/metrics"));
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(series + " ")) return std::atof(line.c_str() + series.size());
  }
  return -1;
}

double TlsServiceTest::CallsStarted() const {
  std::istringstream page(HttpGet(server_->admin_address(), "/metrics"));
  double calls = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("grpc_server_started_total{")) {
      calls += std::atof(line.c_str() + line.rfind(' '));
    }
  }
  return calls;
}

Handshakes::Handshakes(std::string address, Probe probe)
    : thread_([this, address = std::move(address), probe = std::move(probe)] {
        Run(address, probe);
      }) {}

void Handshakes::Stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void Handshakes::Run(const std::string& address, const Probe& probe) {
  for (; !stopped_; std::this_thread::sleep_for(kHandshakeInterval)) {
    std::string failure;
    try {
      failure = Handshake(address, probe).refusal;
    } catch (const std::exception& error) {
      failure = error.what();
    }
    ++done_;
    if (failure.empty()) continue;
    if (failed_++ == 0) first_failure_ = failure;
  }
}

}  // namespace balance
