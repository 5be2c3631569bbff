// A line as header Retry-After and one as header Date.

#include <ctime>
#include <string>

#include "clients/http/retry_after.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

std::string HttpDate(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string text(40, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return text;
}

void CheckDate(std::string_view text) {
  const auto date = ParseHttpDate(text);
  if (!date) return;
  using std::chrono::sys_days;
  using std::chrono::year;
  Require(*date >= sys_days(year(1970) / 1 / 1), "a date is not before the epoch");
  Require(*date <= sys_days(year(2201) / 1 / 1), "a date is within range");
  Require(date->time_since_epoch() % std::chrono::seconds(1) == Duration::zero(),
          "a date is in whole seconds");
  if (*date == sys_days(year(2201) / 1 / 1)) return;  // A leap second of the last year.
  Require(ParseHttpDate(HttpDate(*date)) == date, "a date comes back from its text");
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  std::string_view text = fuzz::AsText(data, size);
  const std::string_view retry_after = fuzz::TakeLine(text);
  const std::string_view date = fuzz::TakeLine(text);
  fuzz::CheckDate(retry_after);
  fuzz::CheckDate(date);

  HttpResponse response;
  response.status = 429;
  response.headers = {{"Retry-After", std::string(retry_after)}, {"Date", std::string(date)}};
  const auto wait = ParseRetryAfter(response);
  if (wait) {
    fuzz::Require(*wait >= Duration::zero() && *wait <= kMaxRetryAfter, "a pause is within bounds");
    fuzz::Require(*wait % std::chrono::seconds(1) == Duration::zero(),
                  "a pause is in whole seconds");
  }
  return 0;
}
