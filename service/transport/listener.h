#pragma once

// Accepts connections on the addresses of one port.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "clients/core/alarm.h"
#include "clients/core/result.h"

namespace balance {

// Used on its loop's thread only, apart from Bind().
class Listener {
 public:
  // Takes the descriptor of an accepted, non-blocking socket and the address of its peer.
  using OnAccept = std::function<void(int socket, std::string peer)>;
  // There are no descriptors, or no memory, for a connection that waits: something must go.
  using OnExhausted = std::function<void()>;

  // `clock` must outlive the listener.
  Listener(boost::asio::io_context& io, Clock& clock, OnAccept on_accept, OnExhausted on_exhausted);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Listens on every address that `host` stands for ("0.0.0.0" and "::" mean all addresses of both
  // families) and the same port on each; 0 lets the system choose one. The port is not shared: a
  // second listener on it fails. Fails with a sentence that says why and what to do. Called once,
  // before the loop runs. Returns the port.
  Result<std::uint16_t> Bind(const std::string& host, std::uint16_t port);

  // Accepts from now on.
  void Start();
  // Accepts no more; connections that wait are refused.
  void Close();

  // Thread-safe. Whether connections that come are accepted, as far as is known: false while the
  // system has no descriptors or memory for them.
  bool accepts() const { return accepts_; }

 private:
  using Acceptor = boost::asio::ip::tcp::acceptor;

  // A socket that listens, and when to try it again.
  struct Port {
    Port(boost::asio::io_context& io, Clock& clock)
        : acceptor(io), retry(io.get_executor(), clock) {}

    Acceptor acceptor;
    Alarm retry;
  };

  Result<std::uint16_t> BindTo(const boost::asio::ip::tcp::endpoint& endpoint);
  void Await(Port& port);
  // Accepts those that wait, a few at a time.
  void AcceptSome(Port& port);
  // Where the descriptors are used up: hangs up on the first that waits, with one that was kept
  // for this, so that its peer is not left waiting.
  void HangUpOnOne(Port& port);

  boost::asio::io_context& io_;
  Clock& clock_;
  const OnAccept on_accept_;
  const OnExhausted on_exhausted_;
  std::vector<std::unique_ptr<Port>> ports_;
  int spare_descriptor_;
  std::atomic<bool> accepts_ = true;
};

}  // namespace balance
