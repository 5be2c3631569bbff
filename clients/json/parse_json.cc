#include "clients/json/parse_json.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace balance {
namespace {

using Json = nlohmann::json;

// Id of the library's error for a number that a double cannot hold.
constexpr int kNumberOverflow = 406;

// A number that a double cannot hold.
struct HugeNumber {
  // Its place among the values of the document, counted from 1.
  std::size_t ordinal;
  // Text as received, which ends at `end`.
  std::string text;
  std::size_t end;
};

// Receives the events of the library's SAX parser; each returns whether to go on.
class TreeBuilder {
 public:
  using Type = JsonValue::Type;

  // `huge` are the numbers in whose places the document has others, in order. They must outlive the
  // builder.
  explicit TreeBuilder(const std::vector<HugeNumber>& huge) : huge_(huge) {}

  bool null() { return Place(Type::kNull) != nullptr; }
  bool boolean(bool value) {
    JsonValue* const place = Place(Type::kBool);
    if (place != nullptr) place->boolean = value;
    return place != nullptr;
  }
  bool number_integer(Json::number_integer_t value) {
    return PlaceText(Type::kNumber, std::to_string(value));
  }
  bool number_unsigned(Json::number_unsigned_t value) {
    return PlaceText(Type::kNumber, std::to_string(value));
  }
  bool number_float(Json::number_float_t, const std::string& raw) {
    return PlaceText(Type::kNumber, raw);
  }
  // `value` is the library's buffer: left to it, it need not grow anew for each text.
  bool string(const std::string& value) { return PlaceText(Type::kString, value); }
  static bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return Open(Type::kObject); }
  bool end_object() { return Close(); }
  bool start_array(std::size_t) { return Open(Type::kArray); }
  bool end_array() { return Close(); }
  bool key(const std::string& name) {
    open_.back()->members.push_back({name, {}});
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const Json::exception& error) {
    if (error.id == kNumberOverflow) overflow_ = HugeNumber{count_ + 1, token, position};
    return false;
  }

  JsonValue TakeRoot() { return std::move(root_); }
  // The number that ended the parsing; unset if something else did.
  std::optional<HugeNumber> TakeOverflow() { return std::move(overflow_); }

 private:
  // The value where the parser stands; null if it is one too many.
  JsonValue* Place(Type type) {
    if (++count_ > kMaxJsonValues) return nullptr;
    JsonValue* place = &root_;
    if (!open_.empty()) {
      JsonValue& parent = *open_.back();
      place = parent.IsArray() ? &parent.elements.emplace_back() : &parent.members.back().value;
    }
    place->type = type;
    return place;
  }

  bool PlaceText(Type type, const std::string& text) {
    JsonValue* const place = Place(type);
    if (place == nullptr) return false;
    const bool is_huge = next_huge_ < huge_.size() && huge_[next_huge_].ordinal == count_;
    place->text = is_huge ? huge_[next_huge_++].text : text;
    return true;
  }

  bool Open(Type type) {
    if (open_.size() == kMaxJsonDepth) return false;
    JsonValue* const place = Place(type);
    if (place != nullptr) open_.push_back(place);
    return place != nullptr;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonValue root_;
  // The containers that are not closed yet, outermost first. They stay where they are: only the
  // innermost one grows.
  std::vector<JsonValue*> open_;
  std::size_t count_ = 0;
  const std::vector<HugeNumber>& huge_;
  std::size_t next_huge_ = 0;
  std::optional<HugeNumber> overflow_;
};

// Parses `text`, in which zeros stand in the places of `huge`. Where it ends at one more such
// number, puts a zero into its place too and adds it to `huge`.
std::optional<JsonValue> Pass(std::string& text, std::vector<HugeNumber>& huge) {
  TreeBuilder builder(huge);
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return builder.TakeRoot();
  if (std::optional<HugeNumber> overflow = builder.TakeOverflow()) {
    const std::size_t length = overflow->text.size();
    text.replace(overflow->end - length, length, 1, '0');
    huge.push_back(*std::move(overflow));
  }
  return std::nullopt;
}

}  // namespace

std::optional<JsonValue> ParseJson(std::string_view text) {
  // The library takes a NUL for the end of the text and would not see what follows it.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  // The library gives a document up at a number that a double cannot hold, and cannot go on behind
  // it.
  std::string copy(text);
  std::vector<HugeNumber> huge;
  for (std::size_t passes = 0; huge.size() == passes && passes <= kMaxHugeNumbers; ++passes) {
    if (auto value = Pass(copy, huge)) return value;
  }
  return std::nullopt;
}

}  // namespace balance
