#include "service/server/admin_page.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace balance {

namespace asio = boost::asio;

struct AdminPage::Rendering {
  Rendering(const asio::any_io_executor& loop, std::string the_query)
      : query(std::move(the_query)), done(loop, asio::steady_timer::time_point::max()) {}

  const std::string query;
  // The answer; null until the rendering is done.
  std::shared_ptr<const AdminAnswer> answer;
  // Cancelled when it is done: that wakes all who wait.
  asio::steady_timer done;
};

AdminPage::AdminPage(asio::any_io_executor loop, asio::any_io_executor worker, Render render)
    : loop_(std::move(loop)), worker_(std::move(worker)), render_(std::move(render)) {}

AdminPage::~AdminPage() = default;

asio::awaitable<std::shared_ptr<const AdminAnswer>> AdminPage::Get(std::string query) {
  const auto found = std::find_if(next_.begin(), next_.end(),
                                  [&](const auto& rendering) { return rendering->query == query; });
  const auto mine = found != next_.end() ? *found : std::make_shared<Rendering>(loop_, query);
  if (found == next_.end()) next_.push_back(mine);
  if (!running_) Start();
  boost::system::error_code woken;
  if (!mine->answer) {
    co_await mine->done.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  co_return mine->answer;
}

void AdminPage::Start() {
  running_ = std::move(next_.front());
  next_.pop_front();
  asio::post(worker_, [this, rendering = running_, loop = asio::make_work_guard(loop_)] {
    auto answer = std::make_shared<const AdminAnswer>(render_(rendering->query));
    asio::post(loop.get_executor(),
               [this, answer = std::move(answer)]() mutable { Finish(std::move(answer)); });
  });
}

void AdminPage::Finish(std::shared_ptr<const AdminAnswer> answer) {
  const auto done = std::exchange(running_, nullptr);
  done->answer = std::move(answer);
  done->done.cancel();
  if (!next_.empty()) Start();
}

}  // namespace balance
