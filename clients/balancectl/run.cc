#include "clients/balancectl/run.h"

#include <google/protobuf/util/json_util.h>
#include <grpc/support/time.h>
#include <grpcpp/client_context.h>

#include <ostream>
#include <string>
#include <utility>

#include "clients/balancectl/channel.h"
#include "clients/balancectl/exit_code.h"
#include "clients/balancectl/render_table.h"
#include "clients/balancectl/rpc_error.h"
#include "clients/balancectl/tls_check.h"
#include "clients/balancectl/watch.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "proto/balance_v1_grpc.h"

namespace balance::ctl {
namespace {

namespace health = ::grpc::health::v1;

// Page size to ask for after the server's own choice, of which it says nothing, made too large an
// answer; it is halved until a page fits.
constexpr int kSmallerPage = 16;

// One command's calls over one channel, under one deadline.
class Session {
 public:
  Session(const Args& args, const Surroundings& surroundings, std::string token,
          const std::shared_ptr<grpc::Channel>& channel)
      : args_(args),
        surroundings_(surroundings),
        token_(std::move(token)),
        deadline_(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                               gpr_time_from_nanos(args.timeout.count(), GPR_TIMESPAN))),
        balances_(v1::BalanceService::NewStub(channel)),
        health_(health::Health::NewStub(channel)) {}

  int Get();
  int List();
  int Sources();
  int Health();
  int Watch() { return ctl::Watch(args_, surroundings_, token_, *balances_); }

 private:
  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response);

  template <typename Request>
  Request ReadRequest() const;

  template <typename Request, typename Response>
  using BalanceMethod = grpc::Status (v1::BalanceService::Stub::*)(grpc::ClientContext*,
                                                                   const Request&, Response*);

  // Calls a List method until it has told of its last page, and puts the pages together in `all`.
  // Where an answer would be too large for the server it asks for smaller pages.
  template <typename Request, typename Response>
  grpc::Status ReadPages(BalanceMethod<Request, Response> method, Request request, Response& all);

  int Fail(const grpc::Status& status) const;

  // Writes `message` as JSON, or what `render` makes of it; returns `exit_code` if that went well.
  template <typename Message, typename Render>
  int Answer(const Message& message, const Render& render, int exit_code) const;

  const Args& args_;
  const Surroundings& surroundings_;
  const std::string token_;
  const gpr_timespec deadline_;
  std::unique_ptr<v1::BalanceService::Stub> balances_;
  std::unique_ptr<health::Health::Stub> health_;
};

template <typename Stub, typename Request, typename Response>
grpc::Status Session::Call(Stub& stub,
                           grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                        Response*),
                           const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(deadline_);
  if (!token_.empty()) context.AddMetadata("authorization", "Bearer " + token_);
  return (stub.*method)(&context, request, &response);
}

template <typename Request>
Request Session::ReadRequest() const {
  Request request;
  *request.mutable_policy() = args_.policy;
  request.mutable_sources()->Add(args_.sources.begin(), args_.sources.end());
  request.set_fund_class(args_.fund_class);
  request.set_view(args_.view);
  return request;
}

int Session::Fail(const grpc::Status& status) const {
  const std::string hint = ConnectionHint(status, args_.tls);
  surroundings_.err << "balancectl: " << DescribeRpcError(status, args_.server)
                    << (hint.empty() ? "" : "; " + SafeText(hint)) << "\n";
  return kExitFailed;
}

template <typename Message, typename Render>
int Session::Answer(const Message& message, const Render& render, int exit_code) const {
  std::string text;
  if (args_.output == Output::kJson) {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
    if (!status.ok()) {
      surroundings_.err << "balancectl: the answer cannot be written as JSON: "
                        << SafeText(status.ToString()) << "\n";
      return kExitFailed;
    }
    if (!text.ends_with('\n')) text += "\n";
  } else {
    text = render();
  }
  surroundings_.out << text << std::flush;
  if (!surroundings_.out) {
    surroundings_.err << "balancectl: cannot write the answer\n";
    return kExitFailed;
  }
  return exit_code;
}

int Session::Get() {
  auto request = ReadRequest<v1::GetAccountSnapshotRequest>();
  request.set_name(args_.account);
  v1::AccountSnapshot snapshot;
  const auto status =
      Call(*balances_, &v1::BalanceService::Stub::GetAccountSnapshot, request, snapshot);
  if (!status.ok()) return Fail(status);
  return Answer(
      snapshot, [&] { return RenderSnapshot(snapshot, surroundings_.now(), surroundings_.canvas); },
      ExitCodeOf(snapshot));
}

template <typename Request, typename Response>
grpc::Status Session::ReadPages(BalanceMethod<Request, Response> method, Request request,
                                Response& all) {
  request.set_page_size(args_.page_size);
  for (;;) {
    Response page;
    auto status = Call(*balances_, method, request, page);
    if (ReasonOf(status) == "ANSWER_TOO_LARGE" && request.page_size() != 1) {
      // The page token need not be changed: it is good for pages of any size.
      request.set_page_size(request.page_size() == 0 ? kSmallerPage : request.page_size() / 2);
      continue;
    }
    if (!status.ok()) return status;
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    all.MergeFrom(page);
    if (request.page_token().empty()) return status;
  }
}

int Session::List() {
  v1::ListAccountSnapshotsResponse all;
  const auto status = ReadPages(&v1::BalanceService::Stub::ListAccountSnapshots,
                                ReadRequest<v1::ListAccountSnapshotsRequest>(), all);
  if (!status.ok()) return Fail(status);
  return Answer(
      all, [&] { return RenderSnapshotList(all, surroundings_.now(), surroundings_.canvas); },
      ExitCodeOf(all));
}

int Session::Sources() {
  v1::ListSourcesRequest request;
  request.set_parent(args_.account);
  v1::ListSourcesResponse all;
  const auto status = ReadPages(&v1::BalanceService::Stub::ListSources, request, all);
  if (!status.ok()) return Fail(status);
  return Answer(
      all, [&] { return RenderSources(all, surroundings_.now(), surroundings_.canvas); },
      kExitComplete);
}

int Session::Health() {
  health::HealthCheckResponse response;
  const auto status =
      Call(*health_, &health::Health::Stub::Check, health::HealthCheckRequest(), response);
  if (!status.ok()) return Fail(status);
  const bool serving = response.status() == health::HealthCheckResponse::SERVING;
  const std::string word = health::HealthCheckResponse::ServingStatus_Name(response.status());
  return Answer(
      response,
      [&] {
        return Paint(word.empty() ? std::to_string(response.status()) : word,
                     serving ? Style::kGood : Style::kBad, surroundings_.canvas) +
               "\n";
      },
      serving ? kExitComplete : kExitFailed);
}

int UsageProblem(const Surroundings& surroundings, const std::string& problem) {
  surroundings.err << "balancectl: " << SafeText(problem) << "\n";
  return kExitUsage;
}

}  // namespace

int Run(const Args& args, const Surroundings& surroundings) {
  std::string token;
  if (!args.token_file.empty()) {
    auto content = ReadToken(args.token_file);
    if (!content) return UsageProblem(surroundings, content.error());
    token = std::move(*content);
  }
  const auto channel = OpenChannel(args);
  if (!channel) return UsageProblem(surroundings, channel.error());
  Session session(args, surroundings, std::move(token), *channel);
  switch (args.command) {
    case Command::kGet:
      return session.Get();
    case Command::kList:
      return session.List();
    case Command::kSources:
      return session.Sources();
    case Command::kWatch:
      return session.Watch();
    case Command::kHealth:
      return session.Health();
  }
  return kExitUsage;
}

}  // namespace balance::ctl
