#pragma once

// One open WebSocket: carries messages between the wire and the venue's session, and misbehaves.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/sandbox/socket_fault.h"
#include "tests/sandbox/socket_session.h"
#include "tests/sandbox/web_socket.h"

namespace balance::sandbox {

class SocketBook;

// Used on the sandbox's loop only. Owned by the coroutines that serve it.
class SocketConnection final : public SocketPeer,
                               public std::enable_shared_from_this<SocketConnection> {
 public:
  // `book` must outlive it. `path` and `key` are what its faults are chosen by.
  SocketConnection(std::unique_ptr<WebSocket> socket, boost::asio::any_io_executor executor,
                   SocketBook& book, std::string path, std::string key);

  // Answers `upgrade` and completes when the socket is over.
  boost::asio::awaitable<void> Serve(const HttpCall& upgrade,
                                     std::unique_ptr<SocketSession> session);

  // Misbehaves as told, after the fault's delay.
  void Act(SocketFault fault);
  // RST, and an early end to whatever Serve() waits for.
  void Stop();

  void Send(std::string message) override;
  void Close(std::uint16_t code, std::string reason) override;

  const std::string& path() const { return path_; }
  const std::string& key() const { return key_; }

 private:
  enum class WireStep : std::uint8_t { kText, kBinary, kRaw, kClose, kDrop, kReset };
  struct Item {
    WireStep step;
    std::string body;
    SocketClose close;
  };

  void ActNow(const SocketFault& fault);
  void Queue(Item item);
  void End();
  void ArmHeartbeat(Duration interval);
  // Waits until the event's timer is cancelled.
  static boost::asio::awaitable<void> WaitFor(boost::asio::steady_timer& event);
  boost::asio::awaitable<void> ReadAll();
  boost::asio::awaitable<void> WriteQueue();
  boost::asio::awaitable<bool> Write(const Item& item);

  std::unique_ptr<WebSocket> socket_;
  boost::asio::any_io_executor executor_;
  SocketBook& book_;
  const std::string path_;
  const std::string key_;
  std::unique_ptr<SocketSession> session_;
  std::deque<Item> queue_;
  bool writing_ = false;
  bool silent_ = false;
  bool frozen_ = false;
  // Whether the upgrade has been answered.
  bool is_open_ = false;
  bool ended_ = false;
  // Whether a write has failed. Asio's reactor may wait for ever to write after that.
  bool broken_ = false;
  // Faults that came before the socket was open.
  std::vector<SocketFault> early_faults_;
  boost::asio::steady_timer heartbeat_;
  // Held back while frozen: the reader waits for it.
  boost::asio::steady_timer thaw_;
  // Cancelled when the queue has been written.
  boost::asio::steady_timer written_;
  // How long the peer has for its close frame.
  boost::asio::steady_timer closing_;
  std::vector<std::unique_ptr<boost::asio::steady_timer>> delayed_;
};

}  // namespace balance::sandbox
