#include "clients/json/parse_json.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace balance {
namespace {

using Json = nlohmann::json;

// Receives the events of the library's SAX parser; each returns whether to go on.
class TreeBuilder {
 public:
  using Type = JsonValue::Type;

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
  bool string(std::string& value) { return PlaceText(Type::kString, std::move(value)); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return Open(Type::kObject); }
  bool end_object() { return Close(); }
  bool start_array(std::size_t) { return Open(Type::kArray); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    open_.back()->members.push_back({std::move(name), {}});
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) { return false; }

  JsonValue TakeRoot() { return std::move(root_); }

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

  bool PlaceText(Type type, std::string text) {
    JsonValue* const place = Place(type);
    if (place != nullptr) place->text = std::move(text);
    return place != nullptr;
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
};

}  // namespace

std::optional<JsonValue> ParseJson(std::string_view text) {
  // The library takes a NUL for the end of the text and would not see what follows it.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  TreeBuilder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
  return builder.TakeRoot();
}

}  // namespace balance
