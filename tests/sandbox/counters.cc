#include "tests/sandbox/counters.h"

#include <algorithm>
#include <string_view>

namespace balance::sandbox {
namespace {

constexpr std::string_view kTokenParameter = "token=";

// `query` with "..." in place of a token, which opens somebody's socket.
std::string WithoutToken(std::string query) {
  const auto at = query.find(kTokenParameter);
  if (at == std::string::npos) return query;
  const auto begin = at + kTokenParameter.size();
  return query.replace(begin, std::min(query.find('&', begin), query.size()) - begin, "...");
}

// Number of requests, and of unasked answers, that are kept.
constexpr std::size_t kMostKept = 1000;

}  // namespace

void CounterBook::Count(Tally& tally, SlidingSecond& second, bool reused) {
  ++tally.requests;
  if (reused) ++tally.reused_signatures;
  second.Add(clock_.SteadyNow());
  tally.max_in_a_second = second.max();
}

std::uint64_t CounterBook::OnRequest(const HttpCall& call, const std::string& key,
                                     bool authenticated, const std::string& signature) {
  const bool reused = !signature.empty() && !signatures_.insert(signature).second;
  Count(counters_.total, total_second_, reused);
  Count(counters_.by_path[call.path], path_seconds_[call.path], reused);
  Count(counters_.by_key[key], key_seconds_[key], reused);
  if (!authenticated) ++counters_.auth_failures;
  counters_.max_in_flight = std::max(counters_.max_in_flight, ++counters_.in_flight);
  last_.push_back({next_request_,
                   {clock_.WallNow(), call.method, call.path, WithoutToken(call.query), key,
                    call.connection, reused, authenticated, 0}});
  if (last_.size() > kMostKept) last_.pop_front();
  return next_request_++;
}

void CounterBook::OnAnswer(std::uint64_t request, int status) {
  if (request < first_request_) return;
  ++counters_.total.by_status[status];
  // A request that was overtaken by a thousand others has no record any more.
  const auto found = std::find_if(last_.rbegin(), last_.rend(),
                                  [request](const Open& open) { return open.number == request; });
  if (found == last_.rend()) return;
  found->record.status = status;
  ++counters_.by_path[found->record.path].by_status[status];
  ++counters_.by_key[found->record.key].by_status[status];
}

void CounterBook::OnUnasked(const std::string& text) {
  auto& unasked = counters_.last_unasked;
  if (unasked.size() == kMostKept) unasked.erase(unasked.begin());
  unasked.push_back({clock_.WallNow(), text});
}

SideCounters CounterBook::Read() const {
  SideCounters counters = counters_;
  counters.last_requests.reserve(last_.size());
  for (const Open& open : last_) counters.last_requests.push_back(open.record);
  return counters;
}

void CounterBook::Reset() {
  SideCounters fresh;
  fresh.open_connections = counters_.open_connections;
  fresh.in_flight = fresh.max_in_flight = counters_.in_flight;
  counters_ = std::move(fresh);
  first_request_ = next_request_;
  last_.clear();
  total_second_ = {};
  path_seconds_.clear();
  key_seconds_.clear();
}

}  // namespace balance::sandbox
