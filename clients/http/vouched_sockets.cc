#include "clients/http/vouched_sockets.h"

#include <boost/asio/post.hpp>

namespace balance {
namespace {

// A certificate takes a fraction of a millisecond.
constexpr int kJudgedAtOnce = 4;

}  // namespace

std::uint64_t VouchedSockets::Join(Socket& socket) {
  sockets_.emplace(++last_id_, &socket);
  return last_id_;
}

void VouchedSockets::Renew() {
  trust_.Renew();
  JudgeAfter(0, ++renewals_);
}

void VouchedSockets::JudgeAfter(std::uint64_t last, std::uint64_t renewal) {
  if (renewal != renewals_) return;
  for (int i = 0; i < kJudgedAtOnce; ++i) {
    const auto next = sockets_.upper_bound(last);
    if (next == sockets_.end()) return;
    last = next->first;
    Socket& socket = *next->second;
    if (!IsVouchedFor(socket)) socket.OnDistrusted();
  }
  boost::asio::post(
      loop_, [self = shared_from_this(), last, renewal] { self->JudgeAfter(last, renewal); });
}

}  // namespace balance
