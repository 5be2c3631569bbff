#pragma once

// Converts durations and instants between protobuf, <chrono> and the text that a person reads and
// types.

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace balance::ctl {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// Reads a whole or decimal number and a unit out of ms, s, m and h: `500ms`, `0.5s`, `1m`. nullopt
// for anything else, for a sign, for more than nine decimals and for more than 10,000 hours.
std::optional<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// `0.5s`, `12s`, `3m 20s`, `2h 5m`, `3d 4h`: below ten seconds to a tenth, then whole seconds.
// Rounds down towards zero; negative values have a sign.
std::string FormatElapsed(std::chrono::nanoseconds elapsed);

// A setting, unrounded to the millisecond: `2s`, `0.5s`, `90s`.
std::string FormatSetting(std::chrono::nanoseconds setting);

// Converts a protobuf value; one outside the result's range becomes its nearest end.
std::chrono::nanoseconds ToNanoseconds(const google::protobuf::Duration& duration);
WallTime ToWallTime(const google::protobuf::Timestamp& time);

// `2026-01-02T03:04:05Z`, fractions cut off.
std::string FormatUtc(const google::protobuf::Timestamp& time);

// `1.2s ago`, or `in 1.2s` for what lies more than a tenth of a second ahead of `now`.
std::string FormatAgo(const google::protobuf::Timestamp& time, WallTime now);

// The time that is left until `time`, such as `1.2s`; empty once it is reached.
std::string FormatLeft(const google::protobuf::Timestamp& time, WallTime now);

}  // namespace balance::ctl
