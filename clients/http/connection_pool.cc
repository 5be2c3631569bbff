#include "clients/http/connection_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace balance {

ConnectionPool::ConnectionPool(std::size_t most_of_an_origin)
    : most_of_an_origin_(most_of_an_origin) {}

ConnectionPool::Lease ConnectionPool::Take(std::string_view origin, std::uint64_t login) {
  auto found = origins_.find(origin);
  if (found == origins_.end()) found = origins_.emplace(origin, Origin()).first;
  Lease lease;
  lease.origin_ = &found->second;
  lease.connection_ = Choose(found->second, login);
  lease.connection_->is_busy = true;
  lease.generation_ = found->second.generation;
  return lease;
}

ConnectionPool::Connections::iterator ConnectionPool::Choose(Origin& origin, std::uint64_t login) {
  auto chosen = FindIdle(origin, login);
  if (chosen == origin.idle.end()) {
    if (origin.idle.empty() || origin.by_login.size() < most_of_an_origin_) {
      origin.busy.push_back({NextTag(), login});
      const auto made = std::prev(origin.busy.end());
      origin.by_login.emplace(login, made);
      return made;
    }
    chosen = origin.idle.begin();
    HandOver(origin, chosen, login);
    if (origin.failing.contains(login)) Retag(*chosen);
  }
  origin.busy.splice(origin.busy.end(), origin.idle, chosen);
  return chosen;
}

ConnectionPool::Connections::iterator ConnectionPool::FindIdle(Origin& origin,
                                                               std::uint64_t login) {
  const auto [begin, end] = origin.by_login.equal_range(login);
  const auto found =
      std::find_if(begin, end, [](const auto& entry) { return !entry.second->is_busy; });
  return found == end ? origin.idle.end() : found->second;
}

ConnectionPool::ByLogin::iterator ConnectionPool::EntryOf(Origin& origin,
                                                          Connections::iterator connection) {
  auto entry = origin.by_login.equal_range(connection->login).first;
  while (entry->second != connection) ++entry;
  return entry;
}

void ConnectionPool::HandOver(Origin& origin, Connections::iterator connection,
                              std::uint64_t login) {
  auto node = origin.by_login.extract(EntryOf(origin, connection));
  node.key() = login;
  origin.by_login.insert(std::move(node));
  connection->login = login;
}

void ConnectionPool::Give(const Lease& lease, Outcome outcome, SteadyTime now) {
  Origin& origin = *lease.origin_;
  Connection& connection = *lease.connection_;
  const std::uint64_t login = connection.login;
  if (outcome == Outcome::kAnswered) origin.failing.erase(login);
  if (outcome != Outcome::kAnswered || lease.generation_ != origin.generation) Retag(connection);
  if (outcome == Outcome::kFailed) {
    origin.failed_at = now;
    origin.failing.insert(login);
    RetagIdle(origin, login);
  }
  if (origin.by_login.size() > most_of_an_origin_) {
    origin.by_login.erase(EntryOf(origin, lease.connection_));
    origin.busy.erase(lease.connection_);
    return;
  }
  connection.is_busy = false;
  origin.idle.splice(origin.idle.end(), origin.busy, lease.connection_);
}

void ConnectionPool::RetagIdle(Origin& origin, std::uint64_t login) {
  const auto [begin, end] = origin.by_login.equal_range(login);
  std::for_each(begin, end, [this](const auto& entry) {
    if (!entry.second->is_busy) Retag(*entry.second);
  });
}

void ConnectionPool::Renew() {
  for (auto& [name, origin] : origins_) {
    ++origin.generation;
    // Their next requests use new connections anyway.
    origin.failing.clear();
    for (Connection& connection : origin.idle) Retag(connection);
  }
}

ConnectionTag ConnectionPool::NextTag() {
  if (++last_tag_ == 0) ++last_tag_;
  return last_tag_;
}

}  // namespace balance
