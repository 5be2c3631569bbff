#pragma once

// One page of the admin server, rendered on a thread of its own.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace balance {

struct AdminAnswer {
  unsigned status = 200;
  std::string content_type;
  std::string body;
};

inline AdminAnswer TextAnswer(unsigned status, std::string line) {
  return {status, "text/plain; charset=utf-8", std::move(line) + "\n"};
}

// Renders for all who wait at once, and never twice at the same time: whoever asks during a
// rendering gets the next one, so that nobody sees a state from before the request. A thousand
// requests cost two renderings.
//
// Used on the admin server's loop only. The loop must run until each Get() has completed.
class AdminPage {
 public:
  // `render` is called on `worker`, and may block there. Both executors must outlive the page.
  AdminPage(boost::asio::any_io_executor loop, boost::asio::any_io_executor worker,
            std::function<AdminAnswer()> render);
  AdminPage(const AdminPage&) = delete;
  AdminPage& operator=(const AdminPage&) = delete;
  ~AdminPage();

  boost::asio::awaitable<std::shared_ptr<const AdminAnswer>> Get();

 private:
  struct Rendering;

  void Start();
  void Finish(std::shared_ptr<const AdminAnswer> answer);

  const boost::asio::any_io_executor loop_;
  const boost::asio::any_io_executor worker_;
  const std::function<AdminAnswer()> render_;
  // The rendering that is under way; null if none is.
  std::shared_ptr<Rendering> running_;
  // The next rendering, for those who asked after that one began; null if nobody did.
  std::shared_ptr<Rendering> next_;
};

}  // namespace balance
