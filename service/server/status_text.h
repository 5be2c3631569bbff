#pragma once

// Times, numbers and names as the status page writes them. Pure.

#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/path_state.h"
#include "service/feed/source_status.h"
#include "service/server/status_facts.h"

namespace google::protobuf {
class Message;
}

namespace balance {

// A length of time with two units at most: "340 ms", "1.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
// A negative one is as its opposite, with a sign.
std::string ShortDuration(Duration duration);

// Such as "12.3 MiB".
std::string ShortBytes(double bytes);

std::string_view NameOf(SourceState state);
std::string_view NameOf(FeedState feed);
std::string_view NameOf(BreakerState breaker);

// The fields of `message` that are set, under a heading: for what has no page of its own. Fields
// below `least` by their numbers are left out.
StatusSection SectionOf(std::string title, const google::protobuf::Message& message, int least = 1);

}  // namespace balance
