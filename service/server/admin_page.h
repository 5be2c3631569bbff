#pragma once

// One page of the admin server, rendered on a thread of its own.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace balance {

struct AdminAnswer {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  // Further headers, names and values.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

inline AdminAnswer TextAnswer(unsigned status, std::string line) {
  return {status, "text/plain; charset=utf-8", std::move(line) + "\n", {}};
}

// Renders for all who wait with one query at once, and never twice at the same time: whoever asks
// during a rendering gets a later one, so that nobody sees a state from before the request. A
// thousand requests with one query cost two renderings.
//
// Used on the admin server's loop only. The loop must run until each Get() has completed.
class AdminPage {
 public:
  // Makes the answer to requests with this query.
  using Render = std::function<AdminAnswer(const std::string& query)>;

  // `render` is called on `worker`, and may block there. Both executors must outlive the page.
  AdminPage(boost::asio::any_io_executor loop, boost::asio::any_io_executor worker, Render render);
  AdminPage(const AdminPage&) = delete;
  AdminPage& operator=(const AdminPage&) = delete;
  ~AdminPage();

  boost::asio::awaitable<std::shared_ptr<const AdminAnswer>> Get(std::string query);

 private:
  struct Rendering;

  void Start();
  void Finish(std::shared_ptr<const AdminAnswer> answer);

  const boost::asio::any_io_executor loop_;
  const boost::asio::any_io_executor worker_;
  const Render render_;
  // The rendering that is under way; null if none is.
  std::shared_ptr<Rendering> running_;
  // Renderings for those who asked after that one began, in the order in which they are made: one
  // for each query.
  std::list<std::shared_ptr<Rendering>> next_;
};

}  // namespace balance
