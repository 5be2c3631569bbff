#pragma once

// Bounds how many commands are under way to Redis at once; the others queue, first come, first
// served.

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <list>
#include <utility>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/redis/signal.h"

namespace balance {

// A burst of commands that is sent at once is answered later than the operation timeout, as if
// Redis hung. With a window no command that was sent has more than so many others before it, and
// the timeout tells of Redis alone.
//
// Used on one executor's thread only.
class CommandWindow {
 public:
  struct Settings {
    // Number of commands that may be under way.
    std::size_t size = 128;
    // How long a command queues before it is given up.
    Duration patience = std::chrono::milliseconds(500);
  };

  // `clock` must outlive the window, and the window its turns.
  CommandWindow(LoopExecutor executor, Clock& clock)
      : CommandWindow(std::move(executor), clock, Settings()) {}
  CommandWindow(LoopExecutor executor, Clock& clock, Settings settings)
      : executor_(std::move(executor)),
        clock_(clock),
        settings_(settings),
        alarm_(executor_, clock) {}
  CommandWindow(const CommandWindow&) = delete;
  CommandWindow& operator=(const CommandWindow&) = delete;
  ~CommandWindow() = default;

  // The place of one command in the window, as long as it lives.
  class Turn {
   public:
    explicit Turn(CommandWindow& window) : window_(window), ends_(window.executor_) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

    // Queues for the place. False if the command must not be sent: it has queued for too long, or
    // the queue was dismissed. Called once.
    boost::asio::awaitable<bool> Await();

   private:
    friend class CommandWindow;

    CommandWindow& window_;
    Signal ends_;
    // When it is given up, and where it stands, while it queues.
    SteadyTime until_;
    std::list<Turn*>::iterator position_;
    bool is_queued_ = false;
    bool has_come_ = false;
  };

  // Sends away all that queue. What is under way stays so.
  void Dismiss();

  std::size_t under_way() const { return under_way_; }
  std::size_t queued() const { return queue_.size(); }

 private:
  void Queue(Turn& turn);
  // Takes the first that queues out of the queue, and has it know.
  void TakeFirst(bool has_come);
  void OnAlarm();

  const LoopExecutor executor_;
  Clock& clock_;
  const Settings settings_;
  std::size_t under_way_ = 0;
  std::list<Turn*> queue_;
  // Set while somebody queues. It rings when the first has waited for too long, or earlier.
  Alarm alarm_;
  bool is_alarm_set_ = false;
};

}  // namespace balance
