#include "service/rpc/encode_queue.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace balance {

bool EncodeQueue::TryPost(std::size_t accounts, std::function<void()> work) {
  if (!budget_.TryTake(accounts)) return false;
  boost::asio::post(thread_, GivingBack(accounts, std::move(work)));
  return true;
}

void EncodeQueue::Dispatch(std::size_t accounts, std::function<void()> work) {
  budget_.Take(accounts);
  boost::asio::dispatch(thread_, GivingBack(accounts, std::move(work)));
}

std::function<void()> EncodeQueue::GivingBack(std::size_t accounts, std::function<void()> work) {
  return [this, accounts, work = std::move(work)] {
    work();
    budget_.Give(accounts);
  };
}

}  // namespace balance
