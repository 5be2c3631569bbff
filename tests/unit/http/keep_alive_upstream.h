#pragma once

// An upstream whose connections a test scripts byte by byte, for keep-alive that goes wrong.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "clients/core/mutex.h"

namespace balance {

// Listens on 127.0.0.1 from construction to destruction. Each connection runs the script on a
// thread of its own.
class KeepAliveUpstream {
 public:
  using tcp = boost::asio::ip::tcp;

  // The upstream's end of one connection. Used on its script's thread.
  class Peer {
   public:
    Peer(tcp::socket& socket, int number) : socket_(socket), number_(number) {}

    // Counted from 1 in the order of arrival.
    int number() const { return number_; }
    // The path of the next request, without its slash; nullopt once there will be none.
    std::optional<std::string> ReadRequest();
    void Send(const std::string& bytes) { SendAll(socket_, bytes); }
    tcp::socket& socket() { return socket_; }

   private:
    tcp::socket& socket_;
    const int number_;
    std::string buffer_;
  };
  using Script = std::function<void(Peer&)>;

  explicit KeepAliveUpstream(Script script);
  KeepAliveUpstream(const KeepAliveUpstream&) = delete;
  KeepAliveUpstream& operator=(const KeepAliveUpstream&) = delete;
  ~KeepAliveUpstream();

  std::string Url() const;
  int connections() const { return connections_; }

  // Sends more on a connection, whatever its script does. When this returns, the client's machine
  // has it. REQUIRES: there was such a connection.
  void Push(int number, const std::string& bytes);
  // Closes a connection in good order. When this returns, the client's machine knows.
  void Close(int number);

 private:
  // Returns when all of it has arrived.
  static void SendAll(tcp::socket& socket, const std::string& bytes);
  static void AwaitArrival(tcp::socket& socket);
  tcp::socket& SocketOf(int number);
  void Accept();

  const Script script_;
  boost::asio::io_context loop_;
  tcp::acceptor acceptor_;
  Mutex mutex_;
  // Connections, ordered by number.
  std::list<tcp::socket> sockets_ BALANCE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ BALANCE_GUARDED_BY(mutex_);
  std::atomic<int> connections_ = 0;
  std::thread acceptor_thread_;
};

// A complete answer with this body.
std::string AnswerWith(const std::string& body, const std::string& status = "200 OK");

}  // namespace balance
