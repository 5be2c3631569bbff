#include "tests/sandbox/side_handler.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tests/sandbox/encoding.h"

namespace balance::sandbox {
namespace {

constexpr std::string_view kDatePlaceholder = "{date+";

bool IsDate(const Header& header) { return header.name == "Date" || header.name == "date"; }

}  // namespace

WirePlan SideHandler::Handle(const HttpCall& call) {
  const Caller caller = venue_.Identify(call);
  const std::uint64_t request =
      counters_.OnRequest(call, caller.key, caller.authenticated, caller.signature);
  ++in_flight_[caller.credential];
  WirePlan plan = Plan(call, caller);
  plan.delay += latency_;
  plan.before_send = [this, request, status = plan.status] { counters_.OnAnswer(request, status); };
  // The deleter runs when the last byte was sent or the client is gone.
  plan.permit = std::shared_ptr<void>(nullptr, [this, credential = caller.credential](void*) {
    counters_.OnEnd();
    if (--in_flight_[credential] == 0) in_flight_.erase(credential);
  });
  return plan;
}

SideCounters SideHandler::ReadCounters() const {
  SideCounters counters = counters_.Read();
  counters.sockets = sockets_.counters();
  return counters;
}

void SideHandler::ResetCounters() {
  counters_.Reset();
  sockets_.ResetCounters();
}

WirePlan SideHandler::Plan(const HttpCall& call, const Caller& caller) {
  std::optional<Fault> fault = faults_.Take(call, caller.key);
  if (!fault) return PlanTrueAnswer(call, caller, Duration::zero());
  if (fault->kind == FaultKind::kPass) return PlanTrueAnswer(call, caller, fault->delay);
  for (Header& header : fault->headers) {
    if (!header.value.starts_with(kDatePlaceholder)) continue;
    int seconds = 0;
    const char* first = header.value.data() + kDatePlaceholder.size();
    std::from_chars(first, header.value.data() + header.value.size(), seconds);
    header.value = HttpDate(side_clock_.WallNow() + std::chrono::seconds(seconds));
  }
  AddDate(fault->headers);
  const bool needs_answer = (fault->status == 0 && fault->kind != FaultKind::kReply) ||
                            fault->kind == FaultKind::kUnasked;
  WirePlan plan = PlanFault(*fault, needs_answer ? TrueAnswer(call, caller) : HttpReply{});
  plan.unasked_sent = [this, unasked = plan.unasked] { counters_.OnUnasked(unasked); };
  return plan;
}

WirePlan SideHandler::PlanTrueAnswer(const HttpCall& call, const Caller& caller, Duration delay) {
  const HttpReply reply = TrueAnswer(call, caller);
  WirePlan plan = PlanReply(reply);
  plan.delay = delay;
  if (reply.status == 101) {
    plan.socket = SocketPlan{&sockets_, caller.key, [this, call, caller](SocketPeer& peer) {
                               return venue_.OpenSocket(call, caller, peer);
                             }};
  }
  return plan;
}

HttpReply SideHandler::TrueAnswer(const HttpCall& call, const Caller& caller) {
  HttpReply reply = venue_.Answer(call, caller, in_flight_[caller.credential]);
  AddDate(reply.headers);
  return reply;
}

void SideHandler::AddDate(std::vector<Header>& headers) const {
  if (std::none_of(headers.begin(), headers.end(), IsDate)) {
    headers.insert(headers.begin(), {"Date", HttpDate(side_clock_.WallNow())});
  }
}

}  // namespace balance::sandbox
