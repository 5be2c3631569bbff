#include "tests/sandbox/control_json.h"

#include <algorithm>
#include <limits>
#include <set>
#include <type_traits>
#include <utility>

#include "tests/sandbox/control_fields.h"
#include "tests/sandbox/encoding.h"

namespace balance::sandbox {
namespace {

// Far beyond any use, and small enough to be counted in nanoseconds.
constexpr std::int64_t kMostMilliseconds = 1'000'000'000'000;

// RFC 6455, section 7.4.2.
constexpr int kLeastCloseCode = 1000;
constexpr int kGreatestCloseCode = 4999;

std::int64_t Milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

// A visitor that fills fields from a JSON object and keeps the first problem.
class FieldReader {
 public:
  explicit FieldReader(const Json& object) : object_(object) {
    if (!object.is_object()) Complain("the body must be a JSON object");
  }

  template <typename T>
  void operator()(const char* name, T& field) {
    names_.insert(name);
    if (problem_ || !object_.contains(name)) return;
    if (const char* expected = Fill(object_.at(name), field)) {
      Complain(std::string("\"") + name + "\" must be " + expected);
    }
  }

  // Also complains of a field that nobody asked for.
  Result<void> Finish() {
    if (!problem_) {
      for (const auto& [name, value] : object_.items()) {
        if (!names_.contains(name)) Complain("unknown field " + Quoted(name));
      }
    }
    if (problem_) return Fail(ErrorKind::kInvalidInput, *problem_);
    return {};
  }

 private:
  void Complain(std::string problem) {
    if (!problem_) problem_ = std::move(problem);
  }

  // Each Fill() returns what it expected, or null if that is what it got.
  const char* Fill(const Json& json, std::string& field) {
    if (!json.is_string()) return "a string";
    field = json.get<std::string>();
    return nullptr;
  }

  const char* Fill(const Json& json, bool& field) {
    if (!json.is_boolean()) return "true or false";
    field = json.get<bool>();
    return nullptr;
  }

  const char* Fill(const Json& json, int& field) {
    constexpr const char* kExpected = "a whole number";
    if (!json.is_number_integer()) return kExpected;
    const auto number = json.get<std::int64_t>();
    if (std::abs(number) > std::numeric_limits<int>::max()) return kExpected;
    field = static_cast<int>(number);
    return nullptr;
  }

  const char* Fill(const Json& json, Duration& field) {
    constexpr const char* kExpected = "a whole number of milliseconds";
    if (!json.is_number_integer()) return kExpected;
    const auto number = json.get<std::int64_t>();
    if (number < -kMostMilliseconds || number > kMostMilliseconds) return kExpected;
    field = std::chrono::milliseconds(number);
    return nullptr;
  }

  const char* Fill(const Json& json, std::optional<std::string>& field) {
    if (json.is_null()) {
      field.reset();
      return nullptr;
    }
    if (!json.is_string()) return "a string or null";
    field = json.get<std::string>();
    return nullptr;
  }

  const char* Fill(const Json& json, Reservation& field) {
    if (!json.is_null() && !json.is_string()) return "a string or null";
    field.presence = json.is_null()     ? Presence::kNull
                     : json == "absent" ? Presence::kAbsent
                                        : Presence::kPresent;
    if (field.presence == Presence::kPresent) field.amount = json.get<std::string>();
    return nullptr;
  }

  const char* Fill(const Json& json, std::vector<std::string>& field) {
    if (!json.is_array() ||
        !std::all_of(json.begin(), json.end(), [](const Json& item) { return item.is_string(); })) {
      return "a list of strings";
    }
    field = json.get<std::vector<std::string>>();
    return nullptr;
  }

  const char* Fill(const Json& json, std::vector<Header>& field) {
    std::vector<std::pair<std::string, std::string>> pairs;
    if (const char* expected = Fill(json, pairs)) return expected;
    field.clear();
    for (auto& [name, value] : pairs) field.push_back({std::move(name), std::move(value)});
    return nullptr;
  }

  const char* Fill(const Json& json, std::vector<std::pair<std::string, std::string>>& field) {
    if (!json.is_object()) return "an object of strings";
    field.clear();
    for (const auto& [name, value] : json.items()) {
      if (!value.is_string()) return "an object of strings";
      field.emplace_back(name, value.get<std::string>());
    }
    return nullptr;
  }

  // A list of rows or withdrawals; the problem inside one of them is the better sentence.
  template <typename Element>
  const char* Fill(const Json& json, std::vector<Element>& field) {
    if (!json.is_array()) return "a list";
    field.clear();
    for (const Json& item : json) {
      FieldReader reader(item);
      VisitFields(field.emplace_back(), reader);
      if (const auto read = reader.Finish(); !read) Complain(read.error().message);
    }
    return nullptr;
  }

  template <typename Enum>
  requires std::is_enum_v<Enum>
  const char* Fill(const Json& json, Enum& field) {
    const auto& words = kEnumWords<Enum>;
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&json](std::string_view word) { return json == word; });
    if (found == words.end()) return "one of the words that README.md lists";
    field = static_cast<Enum>(found - words.begin());
    return nullptr;
  }

  const Json& object_;
  std::set<std::string, std::less<>> names_;
  std::optional<std::string> problem_;
};

// A visitor that writes fields to a JSON object.
class FieldWriter {
 public:
  template <typename T>
  void operator()(const char* name, T& field) {
    json_[name] = ToJson(field);
  }

  Json Take() { return std::move(json_); }

 private:
  static Json ToJson(const std::string& field) { return field; }
  static Json ToJson(bool field) { return field; }
  static Json ToJson(int field) { return field; }
  static Json ToJson(Duration field) { return Milliseconds(field); }
  static Json ToJson(std::vector<std::string>& field) { return field; }

  static Json ToJson(const std::optional<std::string>& field) {
    return field ? Json(*field) : Json();
  }

  static Json ToJson(const Reservation& field) {
    if (field.presence == Presence::kNull) return nullptr;
    return field.presence == Presence::kAbsent ? "absent" : field.amount;
  }

  static Json ToJson(std::vector<Header>& field) {
    Json json = Json::object();
    for (const Header& header : field) json[header.name] = header.value;
    return json;
  }

  static Json ToJson(std::vector<std::pair<std::string, std::string>>& field) {
    Json json = Json::object();
    for (const auto& [name, value] : field) json[name] = value;
    return json;
  }

  template <typename Element>
  static Json ToJson(std::vector<Element>& field) {
    Json json = Json::array();
    for (Element& element : field) {
      FieldWriter writer;
      VisitFields(element, writer);
      json.push_back(writer.Take());
    }
    return json;
  }

  template <typename Enum>
  requires std::is_enum_v<Enum>
  static Json ToJson(Enum field) { return kEnumWords<Enum>[static_cast<std::size_t>(field)]; }

  Json json_ = Json::object();
};

template <typename T>
Result<void> ReadAll(const Json& json, T& to) {
  FieldReader reader(json);
  VisitFields(to, reader);
  return reader.Finish();
}

template <typename T>
Json WriteAll(T from) {
  FieldWriter writer;
  VisitFields(from, writer);
  return writer.Take();
}

Json Write(const Tally& tally) {
  Json json = {{"requests", tally.requests},
               {"reused_signatures", tally.reused_signatures},
               {"max_in_a_second", tally.max_in_a_second},
               {"by_status", Json::object()}};
  for (const auto& [status, count] : tally.by_status) {
    json["by_status"][std::to_string(status)] = count;
  }
  return json;
}

Json Write(const std::map<std::string, Tally>& tallies) {
  Json json = Json::object();
  for (const auto& [name, tally] : tallies) json[name] = Write(tally);
  return json;
}

Json Write(const SocketCounters& counters) {
  Json json = {{"opened", counters.opened},
               {"open", counters.open},
               {"max_open", counters.max_open},
               {"messages_sent", counters.messages_sent},
               {"messages_received", counters.messages_received},
               {"pings_received", counters.pings_received},
               {"ended_by_code", Json::object()}};
  for (const auto& [code, count] : counters.ended_by_code) {
    json["ended_by_code"][std::to_string(code)] = count;
  }
  return json;
}

Json Write(const RequestRecord& record) {
  return {{"time", Rfc3339(record.time)},
          {"method", record.method},
          {"path", record.path},
          {"query", record.query},
          {"key", record.key},
          {"connection", record.connection},
          {"reused_signature", record.reused_signature},
          {"authenticated", record.authenticated},
          {"status", record.status}};
}

}  // namespace

Result<void> Read(const Json& json, PolymarketLedger& to) { return ReadAll(json, to); }
Result<void> Read(const Json& json, PolysimLedger& to) { return ReadAll(json, to); }
Result<void> Read(const Json& json, PolymarketSwitches& to) { return ReadAll(json, to); }
Result<void> Read(const Json& json, PolysimSwitches& to) { return ReadAll(json, to); }
Result<void> Read(const Json& json, PolymarketKey& to) { return ReadAll(json, to); }
Result<void> Read(const Json& json, PolysimKey& to) { return ReadAll(json, to); }

Result<void> ReadDuration(const Json& json, const char* field, Duration& to) {
  FieldReader reader(json);
  reader(field, to);
  return reader.Finish();
}

Result<void> ReadText(const Json& json, const char* field, std::string& to) {
  FieldReader reader(json);
  reader(field, to);
  return reader.Finish();
}

Result<Fault> ReadFault(const Json& json) {
  FieldReader reader(json);
  std::string name;
  reader("name", name);
  Fault fault;
  if (!name.empty()) {
    const auto known = CatalogueFault(name);
    if (!known) {
      return Fail(ErrorKind::kInvalidInput,
                  "no fault is called " + Quoted(name) + "; GET /v1/faults lists them");
    }
    fault = *known;
  }
  VisitFields(fault, reader);
  if (const auto read = reader.Finish(); !read) return tl::unexpected(read.error());
  if (fault.count < 0) return Fail(ErrorKind::kInvalidInput, "\"count\" must not be negative");
  return fault;
}

Result<SocketFault> ReadSocketFault(const Json& json) {
  SocketFault fault;
  if (const auto read = ReadAll(json, fault); !read) return tl::unexpected(read.error());
  const std::pair<const char*, int> numbers[] = {
      {"count", fault.count}, {"frames", fault.frames}, {"size", fault.size}};
  for (const auto& [name, number] : numbers) {
    if (number < 0) return Fail(ErrorKind::kInvalidInput, Quoted(name) + " must not be negative");
  }
  if (fault.code < kLeastCloseCode || fault.code > kGreatestCloseCode) {
    return Fail(ErrorKind::kInvalidInput, "\"code\" must be from 1000 to 4999");
  }
  return fault;
}

Json Write(const PolymarketLedger& ledger) { return WriteAll(ledger); }
Json Write(const PolysimLedger& ledger) { return WriteAll(ledger); }
Json Write(const PolymarketSwitches& switches) { return WriteAll(switches); }
Json Write(const PolysimSwitches& switches) { return WriteAll(switches); }
Json Write(const Fault& fault) { return WriteAll(fault); }
Json Write(const SocketFault& fault) { return WriteAll(fault); }

Json Write(const SideCounters& counters) {
  Json json = {{"total", Write(counters.total)},
               {"by_path", Write(counters.by_path)},
               {"by_key", Write(counters.by_key)},
               {"connections", counters.connections},
               {"open_connections", counters.open_connections},
               {"auth_failures", counters.auth_failures},
               {"in_flight", counters.in_flight},
               {"max_in_flight", counters.max_in_flight},
               {"sockets", Write(counters.sockets)},
               {"last_requests", Json::array()}};
  for (const RequestRecord& record : counters.last_requests) {
    json["last_requests"].push_back(Write(record));
  }
  return json;
}

Json Write(const std::vector<HistoryEntry>& history) {
  Json json = Json::array();
  for (const HistoryEntry& entry : history) {
    json.push_back({{"since", Rfc3339(entry.since)}, {"body", entry.body}});
  }
  return json;
}

}  // namespace balance::sandbox
