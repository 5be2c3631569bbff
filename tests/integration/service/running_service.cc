#include "tests/integration/service/running_service.h"

#include <gtest/gtest.h>
#include <sodium.h>
#include <sys/stat.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "service/config/load_config.h"
#include "service/server/venues.h"
#include "tests/support/connected.h"

namespace balance {

using sandbox::Side;

namespace {

std::string ReasonOf(const google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  for (const auto& detail : status.details()) detail.UnpackTo(&info);
  return info.reason();
}

std::optional<std::string> NoVariable(const std::string&) { return std::nullopt; }

Config ValueOf(ConfigResult config) {
  if (!config) throw std::runtime_error(config.error().front().ToString());
  return std::move(*config);
}

std::string FullName(const std::string& source) {
  return source.find('/') == std::string::npos ? "accounts/desk-1/sources/" + source : source;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "balance-test-XXXXXX").string();
  if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

std::string TemporaryDirectory::Write(const std::string& name, const std::string& content) const {
  const std::string path = Path(name);
  std::ofstream(path) << content;
  chmod(path.c_str(), S_IRUSR | S_IWUSR);
  return path;
}

RunningService::RunningService(const std::string& cache, const std::string& upstream,
                               PushFeed::Options push) {
  if (sodium_init() < 0) throw std::runtime_error("sodium_init");
  auto started = sandbox::Sandbox::Start();
  if (!started) throw std::runtime_error(started.error().message);
  sandbox_ = std::move(*started);
  WriteSecret("key-id", sandbox_->polymarket_key().key_id);
  WriteSecret("secret-key", sandbox_->polymarket_key().secret_key + "\n");
  WriteSecret("api-key", sandbox_->polysim_key().api_key);
  const sandbox::PolysimKey other = sandbox::GeneratePolysimKey();
  if (const auto added = sandbox_->AddKey(other); !added) {
    throw std::runtime_error(added.error().message);
  }
  WriteSecret("other-api-key", other.api_key);
  config_path_ = files_.Write("config.yaml", YamlText(cache, upstream));
  server_ = std::make_unique<BalanceServer>(LoadNow(), KindsOf(AllVenues()), nullptr, push);
  if (const auto result = server_->Start(); !result) {
    throw std::runtime_error(result.error().message);
  }
  stub_ = v1::BalanceService::NewStub(
      Connected(grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials())));
}

RunningService::~RunningService() = default;

std::string RunningService::YamlText(const std::string& cache, const std::string& upstream) const {
  const auto file = [this](const std::string& name) { return "{file: " + files_.Path(name) + "}"; };
  return "listen: 127.0.0.1:0\n"
         "admin_listen: 127.0.0.1:0\n"
         "accounts:\n"
         "- id: desk-1\n"
         "  sources:\n"
         "  - id: polymarket-us\n"
         "    fund_class: REAL_MONEY\n"
         "    polymarket_us:\n"
         "      base_url: " +
         sandbox_->BaseUrl(Side::kPolymarket) +
         "\n"
         "      key_id: " +
         file("key-id") +
         "\n"
         "      secret_key: " +
         file("secret-key") +
         "\n"
         "  - id: polysimulator\n"
         "    polysimulator:\n"
         "      base_url: " +
         sandbox_->BaseUrl(Side::kPolysimulator) +
         "\n"
         "      api_key: " +
         file("api-key") +
         "\n"
         "- id: desk-2\n"
         "  sources:\n"
         "  - id: polysimulator\n"
         "    polysimulator:\n"
         "      base_url: " +
         sandbox_->BaseUrl(Side::kPolysimulator) +
         "\n"
         "      api_key: " +
         file("other-api-key") +
         "\n"
         "cache: " +
         cache +
         "\n"
         "upstream: " +
         upstream + "\n";
}

Config RunningService::LoadNow() const {
  return ValueOf(LoadConfig(config_path_, NoVariable, AllVenues()));
}

Reloader::Load RunningService::Loader() const {
  return [this](const InForce& in_force, FileStates& files) {
    return ReloadConfig(config_path_, NoVariable, AllVenues(), in_force, &files);
  };
}

BalanceServer::Reconfigured RunningService::Reload() {
  FileStates files;
  return server_->Reconfigure(ValueOf(Loader()(server_->in_force(), files)));
}

void RunningService::Edit(const std::string& from, const std::string& to) const {
  std::stringstream text;
  text << std::ifstream(config_path_).rdbuf();
  std::string yaml = text.str();
  const auto at = yaml.find(from);
  if (at == std::string::npos) throw std::runtime_error("no " + from + " in the configuration");
  files_.Write("config.yaml", yaml.replace(at, from.size(), to));
}

void RunningService::WriteSecret(const std::string& name, const std::string& content) const {
  files_.Write(name, content);
}

grpc::Status RunningService::Get(v1::AccountSnapshot& snapshot,
                                 const v1::GetAccountSnapshotRequest& request,
                                 Duration timeout) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  v1::GetAccountSnapshotRequest named = request;
  if (named.name().empty()) named.set_name("accounts/desk-1");
  return stub_->GetAccountSnapshot(&context, named, &snapshot);
}

grpc::Status RunningService::GetAnew(v1::AccountSnapshot& snapshot) const {
  v1::GetAccountSnapshotRequest request;
  request.mutable_policy()->mutable_max_age();
  return Get(snapshot, request);
}

grpc::Status RunningService::GetSource(const std::string& id, v1::SourceBalance& source,
                                       Duration timeout) const {
  v1::GetSourceBalanceRequest request;
  request.set_name(FullName(id));
  request.mutable_policy()->mutable_max_age();
  request.mutable_policy()->mutable_max_stale();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  return stub_->GetSourceBalance(&context, request, &source);
}

v1::Source RunningService::PathOf(const std::string& source) const {
  grpc::ClientContext context;
  v1::ListSourcesResponse sources;
  const auto status = stub_->ListSources(&context, {}, &sources);
  if (!status.ok()) throw std::runtime_error(status.error_message());
  for (const v1::Source& candidate : sources.sources()) {
    if (candidate.name() == FullName(source)) return candidate;
  }
  throw std::runtime_error("no source " + source);
}

std::string RunningService::AdminPage(const std::string& path, int& status) const {
  const std::string reply = HttpGet(server_->admin_address(), path);
  status = std::atoi(reply.substr(reply.find(' ') + 1, 3).c_str());
  return reply.substr(reply.find("\r\n\r\n") + 4);
}

std::string HttpGet(const std::string& address, const std::string& path) {
  namespace asio = boost::asio;
  const auto colon = address.rfind(':');
  asio::io_context loop;
  asio::ip::tcp::socket socket(loop);
  asio::connect(socket, asio::ip::tcp::resolver(loop).resolve(address.substr(0, colon),
                                                              address.substr(colon + 1)));
  asio::write(socket, asio::buffer("GET " + path + " HTTP/1.0\r\n\r\n"));
  std::string reply;
  boost::system::error_code end;
  asio::read(socket, asio::dynamic_buffer(reply), end);
  return reply;
}

int RequestsTo(RunningService& service, sandbox::Side side) {
  return static_cast<int>(service.upstreams().Counters(side).total.requests);
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  return ReasonOf(details);
}

std::string ReasonOf(const v1::SourceFailure& failure) { return ReasonOf(failure.status()); }

}  // namespace balance
