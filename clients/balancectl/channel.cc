#include "clients/balancectl/channel.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <fstream>
#include <ios>

#include "clients/balancectl/service_config.h"
#include "clients/balancectl/tls_check.h"

namespace balance::ctl {
namespace {

constexpr int kMaxAnswerBytes = 64 * 1024 * 1024;
constexpr std::size_t kMaxFileBytes = std::size_t{1024} * 1024;

tl::expected<std::string, std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(kMaxFileBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  // A complete read ends at the end of the file; a folder opens, but cannot be read.
  if (!file.eof() || file.bad()) return tl::unexpected("cannot read " + path);
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.empty()) return tl::unexpected(path + " is empty");
  return content;
}

tl::expected<std::shared_ptr<grpc::ChannelCredentials>, std::string> MakeCredentials(
    const TlsFlags& tls) {
  if (!tls.enabled) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  const auto load = [](const std::string& path, std::string& into) -> std::string {
    if (path.empty()) return {};
    auto content = ReadFile(path);
    if (!content) return content.error();
    // gRPC would fail the calls later, with a text that does not say why.
    if (content->find("-----BEGIN ") == std::string::npos) return path + " is not a PEM file";
    into = std::move(*content);
    return {};
  };
  for (const std::string& problem :
       {load(tls.ca_file, options.pem_root_certs), load(tls.cert_file, options.pem_cert_chain),
        load(tls.key_file, options.pem_private_key)}) {
    if (!problem.empty()) return tl::unexpected(problem);
  }
  if (auto problem = CheckTlsTexts(
          tls, {options.pem_root_certs, options.pem_cert_chain, options.pem_private_key})) {
    return tl::unexpected(*problem);
  }
  return grpc::SslCredentials(options);
}

// A stream lives for long: a dead way to the server must show, and a server that is back must be
// found.
void KeepWatching(grpc::ChannelArguments& arguments) {
  constexpr int kSecond = 1000;
  // Servers hang up on those who ping more often.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30 * kSecond);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5 * kSecond);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5 * kSecond);
}

}  // namespace

tl::expected<std::shared_ptr<grpc::Channel>, std::string> OpenChannel(const Args& args) {
  const auto credentials = MakeCredentials(args.tls);
  if (!credentials) return tl::unexpected(credentials.error());
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix("balancectl/" BALANCE_VERSION);
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetServiceConfigJSON(PublishedServiceConfig());
  // Whoever asks wants an answer of the server they name, be it about to stop.
  arguments.SetInt(GRPC_ARG_INHIBIT_HEALTH_CHECKING, 1);
  if (args.command == Command::kWatch) KeepWatching(arguments);
  if (!args.tls.server_name.empty()) arguments.SetSslTargetNameOverride(args.tls.server_name);
  // gRPC would send what is meant for this machine to the proxy in http_proxy.
  if (IsLoopback(args.server)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(args.server, *credentials, arguments);
}

tl::expected<std::string, std::string> ReadToken(const std::string& path) {
  auto content = ReadFile(path);
  if (!content) return content;
  constexpr std::string_view kSpace = " \t\r\n";
  content->erase(content->find_last_not_of(kSpace) + 1);
  content->erase(0, content->find_first_not_of(kSpace));
  if (content->empty()) return tl::unexpected(path + " is empty");
  if (!std::all_of(content->begin(), content->end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return tl::unexpected(path + " is not one token of visible ASCII characters");
  }
  return content;
}

}  // namespace balance::ctl
