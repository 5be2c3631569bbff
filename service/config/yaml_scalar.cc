#include "service/config/yaml_scalar.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <tl/expected.hpp>

#include "service/config/duration_text.h"
#include "service/config/json_text.h"
#include "service/config/number_text.h"

namespace balance {
namespace {

using google::protobuf::FieldDescriptor;

struct Refusal {
  std::string problem;
  std::string remedy;
};

using ScalarResult = tl::expected<std::string, Refusal>;

constexpr std::size_t kLongestShownValue = 24;

tl::unexpected<Refusal> Refuse(std::string problem, std::string remedy) {
  return tl::unexpected(Refusal{std::move(problem), std::move(remedy)});
}

// Only short and plain values are shown: a secret may have been written in the wrong place.
std::string Shown(const std::string& text) {
  bool plain = text.size() <= kLongestShownValue;
  for (const char c : text) plain = plain && c >= ' ' && c <= '~';
  return plain ? "\"" + text + "\"" : "the value";
}

bool IsQuoted(const YAML::Node& node) {
  return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str";
}

template <typename Number>
std::optional<Number> ParseNumber(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

ScalarResult ReadText(const YAML::Node& node) { return JsonString(node.Scalar()); }

ScalarResult ReadBool(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (IsQuoted(node) || (text != "true" && text != "false")) {
    return Refuse(Shown(text) + " is not a truth value", "write true or false, without quotes");
  }
  return text;
}

ScalarResult ReadInt32(const YAML::Node& node) {
  const auto number = ParseNumber<std::int32_t>(node.Scalar());
  if (IsQuoted(node) || !number) {
    return Refuse(Shown(node.Scalar()) + " is not a whole number",
                  "write digits only, without quotes");
  }
  return std::to_string(*number);
}

ScalarResult ReadDouble(const YAML::Node& node) {
  const auto number = ParseNumber<double>(node.Scalar());
  if (IsQuoted(node) || !number || !std::isfinite(*number)) {
    return Refuse(Shown(node.Scalar()) + " is not a number",
                  "write it such as 2 or 0.5, without quotes");
  }
  return PrintNumber(*number);
}

ScalarResult ReadEnum(const YAML::Node& node, const google::protobuf::EnumDescriptor& type) {
  const auto* word = type.FindValueByName(node.Scalar());
  if (!word || word->number() == 0) {
    std::string words;
    for (int i = 0; i < type.value_count(); ++i) {
      if (type.value(i)->number() == 0) continue;
      words += (words.empty() ? "" : " or ") + type.value(i)->name();
    }
    return Refuse(Shown(node.Scalar()) + " is not known here", "write " + words);
  }
  return ReadText(node);
}

ScalarResult ReadDuration(const YAML::Node& node) {
  if (!IsDurationText(node.Scalar())) {
    return Refuse(Shown(node.Scalar()) + " is not a duration", DurationRemedy(node.Scalar()));
  }
  return ReadText(node);
}

ScalarResult ReadAny(const YAML::Node& node, const FieldDescriptor& field) {
  if (node.IsNull()) return Refuse("has no value", "give it one, or remove the key");
  if (!node.IsScalar()) return Refuse("is not a single value", "write one value behind the key");
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return ReadText(node);
    case FieldDescriptor::CPPTYPE_BOOL:
      return ReadBool(node);
    case FieldDescriptor::CPPTYPE_INT32:
      return ReadInt32(node);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ReadDouble(node);
    case FieldDescriptor::CPPTYPE_ENUM:
      return ReadEnum(node, *field.enum_type());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadDuration(node);
    default:
      // The schema uses no other type.
      std::abort();
  }
}

}  // namespace

std::optional<std::string> ReadScalar(const YAML::Node& node, const FieldDescriptor& field,
                                      const std::string& path, ConfigDocument& document) {
  ScalarResult value = ReadAny(node, field);
  if (value) return std::move(*value);
  document.AddIssue(path, std::move(value.error().problem), std::move(value.error().remedy));
  return std::nullopt;
}

}  // namespace balance
