#include "tests/support/scripted_source.h"

#include "tests/support/fake_source.h"

namespace balance {

class ScriptedSource final : public BalanceSource {
 public:
  explicit ScriptedSource(ScriptedUpstream& upstream) : upstream_(upstream) {}

  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override {
    Clock& clock = upstream_.clock_;
    const Now sent = clock.Time();
    context.progress->NoteSent(sent);
    ++upstream_.requests_;
    bool hangs = false;
    Result<Reading> result = Decision(hangs, sent);
    if (hangs) co_await clock.SleepUntil(context.End());
    co_return result;
  }

 private:
  Result<Reading> Decision(bool& hangs, Now sent) {
    const MutexLock lock(upstream_.mutex_);
    hangs = upstream_.hangs_;
    if (hangs) return Fail(ErrorKind::kUnreachable, "no complete answer in time");
    if (upstream_.fails_) return Fail(upstream_.failure_, "as the test wishes");
    return MakeReading(upstream_.cash_, sent.wall, sent.steady);
  }

  ScriptedUpstream& upstream_;
};

std::unique_ptr<BalanceSource> ScriptedUpstream::MakeSource() {
  return std::make_unique<ScriptedSource>(*this);
}

void ScriptedUpstream::AnswerWith(const std::string& cash) {
  const MutexLock lock(mutex_);
  cash_ = cash;
  fails_ = hangs_ = false;
}

void ScriptedUpstream::FailWith(ErrorKind kind) {
  const MutexLock lock(mutex_);
  failure_ = kind;
  fails_ = true;
  hangs_ = false;
}

void ScriptedUpstream::Hang() {
  const MutexLock lock(mutex_);
  hangs_ = true;
}

}  // namespace balance
