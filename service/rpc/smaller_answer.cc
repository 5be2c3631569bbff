#include "service/rpc/smaller_answer.h"

namespace balance {
namespace {

// Advice beside that of the BASIC view, as the end of a sentence; empty if there is none.
std::string SmallerRequest(RpcMethod method) {
  switch (method) {
    case RpcMethod::kGetAccountSnapshot:
    case RpcMethod::kWatchAccountSnapshots:
      return "for fewer sources";
    case RpcMethod::kBatchGetAccountSnapshots:
      return "for fewer names";
    case RpcMethod::kListAccountSnapshots:
    case RpcMethod::kListSources:
      return "with a smaller page_size";
    case RpcMethod::kGetSourceBalance:
      break;
  }
  return {};
}

}  // namespace

std::string SmallerAnswer(RpcMethod method, EncodeView detail) {
  const std::string smaller = SmallerRequest(method);
  if (detail == EncodeView::kFull && method != RpcMethod::kListSources) {
    return "ask with view: BASIC, which leaves out pending_withdrawals and other_fields" +
           (smaller.empty() ? "" : ", or " + smaller);
  }
  if (!smaller.empty()) return "ask " + smaller;
  return "have the operator raise server.max_answer_size, and raise the limit of the client";
}

}  // namespace balance
