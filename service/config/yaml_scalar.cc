#include "service/config/yaml_scalar.h"

#include <google/protobuf/util/time_util.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "service/config/duration_text.h"

namespace balance {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

struct Refusal {
  std::string problem;
  std::string remedy;
};

using ScalarResult = tl::expected<void, Refusal>;

constexpr std::size_t kLongestShownValue = 24;

tl::unexpected<Refusal> Refuse(std::string problem, std::string remedy) {
  return tl::unexpected(Refusal{std::move(problem), std::move(remedy)});
}

// Only short and plain values are shown: a secret may have been written in the wrong place.
std::string Shown(std::string_view text) {
  bool plain = text.size() <= kLongestShownValue;
  for (const char c : text) plain = plain && c >= ' ' && c <= '~';
  return plain ? "\"" + std::string(text) + "\"" : "the value";
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The field of a message that a value is for.
struct Target {
  const FieldDescriptor& field;
  Message& message;

  const google::protobuf::Reflection& reflection() const { return *message.GetReflection(); }
};

ScalarResult ReadText(const YamlNode& node, const Target& target) {
  std::string text(node.text());
  if (target.field.is_repeated()) {
    target.reflection().AddString(&target.message, &target.field, std::move(text));
  } else {
    target.reflection().SetString(&target.message, &target.field, std::move(text));
  }
  return {};
}

ScalarResult ReadBool(const YamlNode& node, const Target& target) {
  const std::string_view text = node.text();
  if (node.IsText() || (text != "true" && text != "false")) {
    return Refuse(Shown(text) + " is not a truth value", "write true or false, without quotes");
  }
  target.reflection().SetBool(&target.message, &target.field, text == "true");
  return {};
}

ScalarResult ReadInt32(const YamlNode& node, const Target& target) {
  const auto number = ParseNumber<std::int32_t>(node.text());
  if (node.IsText() || !number) {
    return Refuse(Shown(node.text()) + " is not a whole number",
                  "write digits only, without quotes");
  }
  target.reflection().SetInt32(&target.message, &target.field, *number);
  return {};
}

ScalarResult ReadDouble(const YamlNode& node, const Target& target) {
  const auto number = ParseNumber<double>(node.text());
  if (node.IsText() || !number || !std::isfinite(*number)) {
    return Refuse(Shown(node.text()) + " is not a number",
                  "write it such as 2 or 0.5, without quotes");
  }
  target.reflection().SetDouble(&target.message, &target.field, *number);
  return {};
}

ScalarResult ReadEnum(const YamlNode& node, const Target& target) {
  const auto& type = *target.field.enum_type();
  const auto* word = type.FindValueByName(std::string(node.text()));
  if (!word || word->number() == 0) {
    std::string words;
    for (int i = 0; i < type.value_count(); ++i) {
      if (type.value(i)->number() == 0) continue;
      words += (words.empty() ? "" : " or ") + type.value(i)->name();
    }
    return Refuse(Shown(node.text()) + " is not known here", "write " + words);
  }
  target.reflection().SetEnum(&target.message, &target.field, word);
  return {};
}

ScalarResult ReadDuration(const YamlNode& node, const Target& target) {
  google::protobuf::Duration duration;
  if (!IsDurationText(node.text()) ||
      !google::protobuf::util::TimeUtil::FromString(std::string(node.text()), &duration)) {
    return Refuse(Shown(node.text()) + " is not a duration", DurationRemedy(node.text()));
  }
  target.reflection().MutableMessage(&target.message, &target.field)->CopyFrom(duration);
  return {};
}

ScalarResult ReadAny(const YamlNode& node, const Target& target) {
  if (node.IsNull()) return Refuse("has no value", "give it one, or remove the key");
  if (!node.IsScalar()) return Refuse("is not a single value", "write one value behind the key");
  switch (target.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return ReadText(node, target);
    case FieldDescriptor::CPPTYPE_BOOL:
      return ReadBool(node, target);
    case FieldDescriptor::CPPTYPE_INT32:
      return ReadInt32(node, target);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ReadDouble(node, target);
    case FieldDescriptor::CPPTYPE_ENUM:
      return ReadEnum(node, target);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadDuration(node, target);
    default:
      // The schema uses no other type.
      std::abort();
  }
}

}  // namespace

bool ReadScalar(const YamlNode& node, const FieldDescriptor& field, const std::string& path,
                Message& message, ConfigDocument& document) {
  ScalarResult result = ReadAny(node, {field, message});
  if (result) return true;
  document.AddIssue(path, std::move(result.error().problem), std::move(result.error().remedy));
  return false;
}

}  // namespace balance
