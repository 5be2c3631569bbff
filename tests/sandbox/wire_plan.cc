#include "tests/sandbox/wire_plan.h"

#include <algorithm>
#include <cstdio>

namespace balance::sandbox {
namespace {

std::string Head(const HttpReply& reply, const std::string& framing) {
  return HeadText(reply.status, reply.headers) + framing + "\r\n\r\n";
}

std::string ContentLength(std::size_t size) { return "Content-Length: " + std::to_string(size); }

std::string ChunkSize(std::size_t size) {
  char text[20];
  std::snprintf(text, sizeof text, "%zx\r\n", size);
  return text;
}

WirePlan Truncated(const HttpReply& reply) {
  const std::size_t size = reply.body.size();
  WirePlan plan = PlanReply(reply);
  plan.head = Head(reply, ContentLength(std::max(2 * size, size + 1)));
  plan.end = WireEnd::kClose;
  return plan;
}

WirePlan CutChunked(const HttpReply& reply) {
  const std::string first = reply.body.substr(0, reply.body.size() / 2);
  const std::string second = reply.body.substr(first.size());
  WirePlan plan = PlanReply(reply);
  plan.head = Head(reply, "Transfer-Encoding: chunked");
  plan.body.clear();
  if (!first.empty()) plan.body = ChunkSize(first.size()) + first + "\r\n";
  plan.body += ChunkSize(second.size() + 1) + second;
  plan.end = WireEnd::kClose;
  return plan;
}

HttpReply Described(const Fault& fault, const HttpReply& answer) {
  const bool speaks_for_itself = fault.kind == FaultKind::kReply || fault.status != 0;
  if (!speaks_for_itself) return answer;
  return {fault.status == 0 ? 200 : fault.status, fault.headers, fault.body};
}

WirePlan Undelayed(const Fault& fault, const HttpReply& answer) {
  WirePlan plan = PlanReply(Described(fault, answer));
  switch (fault.kind) {
    case FaultKind::kPass:
    case FaultKind::kReply:
      break;
    case FaultKind::kTruncated:
      return Truncated(Described(fault, answer));
    case FaultKind::kCutChunked:
      return CutChunked(Described(fault, answer));
    case FaultKind::kSlowBody:
      plan.drip = fault.drip;
      break;
    case FaultKind::kStallBody:
      plan.body.clear();
      plan.end = WireEnd::kHang;
      break;
    case FaultKind::kRaw:
      plan = {};
      plan.head = fault.body;
      plan.end = WireEnd::kClose;
      break;
    case FaultKind::kUnasked: {
      const HttpReply unasked = Described(fault, answer);
      plan = PlanReply(answer);
      plan.unasked = Head(unasked, ContentLength(unasked.body.size())) + unasked.body;
      plan.unasked_after = fault.drip;
      break;
    }
    case FaultKind::kHang:
    case FaultKind::kReset:
    case FaultKind::kClose:
      plan = {};
      plan.end = fault.kind == FaultKind::kHang    ? WireEnd::kHang
                 : fault.kind == FaultKind::kReset ? WireEnd::kReset
                                                   : WireEnd::kClose;
      break;
  }
  return plan;
}

}  // namespace

WirePlan PlanReply(const HttpReply& reply) {
  WirePlan plan;
  plan.head = Head(reply, ContentLength(reply.body.size()));
  plan.body = reply.body;
  plan.status = reply.status;
  return plan;
}

WirePlan PlanFault(const Fault& fault, const HttpReply& answer) {
  WirePlan plan = Undelayed(fault, answer);
  plan.delay = fault.delay;
  return plan;
}

}  // namespace balance::sandbox
