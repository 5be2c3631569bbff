#include "service/config/yaml_reader.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "service/config/config_block.h"
#include "service/config/json_text.h"
#include "service/config/nearest_key.h"
#include "service/config/utf8.h"
#include "service/config/yaml_documents.h"
#include "service/config/yaml_scalar.h"

namespace balance {
namespace {

using google::protobuf::FieldDescriptor;

constexpr std::size_t kLongestShownKey = 32;

int LineAt(const YAML::Mark& mark) { return mark.is_null() ? 0 : mark.line + 1; }

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string PathOf(const std::string& parent, const std::string& key) {
  return parent.empty() ? key : parent + "." + key;
}

bool IsPlainKey(const std::string& key) {
  return key.size() <= kLongestShownKey &&
         key.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string::npos;
}

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() != "google.protobuf.Duration";
}

// Walks the YAML along the schema.
class YamlWalker {
 public:
  explicit YamlWalker(ConfigDocument& document) : document_(document) {}

  // As JSON text; so do the functions below.
  std::string ReadMessage(const YAML::Node& node, const ConfigBlock& block,
                          const std::string& path) {
    std::map<std::string, std::string> members;
    std::map<std::string, int> lines;
    for (const auto& entry : node) {
      const FieldDescriptor* field = FindField(entry.first, block, path);
      std::optional<std::string> value;
      if (field && IsFirst(entry.first.Scalar(), LineAt(entry.first.Mark()), path, lines)) {
        value = ReadField(entry.second, block, entry.first.Scalar(), *field, path);
      }
      if (value) {
        members[entry.first.Scalar()] = std::move(*value);
      } else {
        document_.MarkIncomplete(path);
      }
    }
    RefuseSeveralAlternatives(block, path, lines, members);
    return block.Json(std::move(members));
  }

 private:
  static std::string KeyList(const ConfigBlock& block) { return Joined(block.Keys()); }

  const FieldDescriptor* FindField(const YAML::Node& key, const ConfigBlock& block,
                                   const std::string& path) {
    const int line = LineAt(key.Mark());
    if (!key.IsScalar()) {
      document_.AddIssueWithin(line, path, "has a key that is no word",
                               "use one of: " + KeyList(block));
      return nullptr;
    }
    const FieldDescriptor* field = block.Find(key.Scalar());
    if (!field) AddUnknownKey(line, block, path, key.Scalar());
    return field;
  }

  // Notes where the field was written; refuses a second time.
  bool IsFirst(const std::string& key, int line, const std::string& path,
               std::map<std::string, int>& lines) {
    const std::string field_path = PathOf(path, key);
    const auto [first, is_new] = lines.emplace(key, line);
    if (is_new) {
      document_.AddField(field_path, line);
    } else {
      document_.AddIssueAt(line, field_path,
                           "is given twice, first on line " + std::to_string(first->second),
                           "keep one of the two");
    }
    return is_new;
  }

  void AddUnknownKey(int line, const ConfigBlock& block, const std::string& path,
                     const std::string& key) {
    if (key == "<<") {
      document_.AddIssueWithin(line, path, "has a YAML merge key (<<), which is not supported",
                               "write the fields out");
      return;
    }
    const auto nearest = NearestKey(key, block.Keys());
    // A secret may have been written where a key belongs.
    if (!IsPlainKey(key) || (block.IsSecret() && !nearest)) {
      document_.AddIssueWithin(line, path, "has an unknown key", "use one of: " + KeyList(block));
      return;
    }
    document_.AddIssueAt(
        line, PathOf(path, key), "unknown key",
        nearest ? "did you mean " + *nearest + "?" : "remove it, or use one of: " + KeyList(block));
  }

  // `key` stands for `field` in `block`, the mapping at `parent`.
  std::optional<std::string> ReadField(const YAML::Node& node, const ConfigBlock& block,
                                       const std::string& key, const FieldDescriptor& field,
                                       const std::string& parent) {
    const std::string path = PathOf(parent, key);
    if (!field.is_repeated()) return ReadOne(node, block, key, field, path);
    if (!node.IsSequence()) {
      document_.AddIssue(path, "is not a list",
                         "write each entry on lines of its own after \"- \"");
      return std::nullopt;
    }
    std::vector<std::string> elements;
    for (std::size_t i = 0; i < node.size(); ++i) {
      const std::string element_path = path + "[" + std::to_string(i) + "]";
      document_.AddField(element_path, LineAt(node[i].Mark()));
      auto element = ReadOne(node[i], block, key, field, element_path);
      // An empty message keeps the numbers of the entries behind it.
      if (!element && IsMessage(field)) element = JsonObject({});
      if (element) elements.push_back(std::move(*element));
    }
    return JsonArray(elements);
  }

  std::optional<std::string> ReadOne(const YAML::Node& node, const ConfigBlock& block,
                                     const std::string& key, const FieldDescriptor& field,
                                     const std::string& path) {
    if (!IsMessage(field)) return ReadScalar(node, field, path, document_);
    const ConfigBlock below = block.Below(key, field);
    if (!node.IsMap()) {
      document_.AddIssue(path, node.IsNull() ? "has no value" : "is not a mapping",
                         "write its keys below it: " + KeyList(below));
      return std::nullopt;
    }
    return ReadMessage(node, below, path);
  }

  void RefuseSeveralAlternatives(const ConfigBlock& block, const std::string& path,
                                 const std::map<std::string, int>& lines,
                                 std::map<std::string, std::string>& members) {
    for (const std::vector<std::string>& keys : block.Alternatives()) {
      const std::string* first = nullptr;
      for (const std::string& key : keys) {
        if (!lines.contains(key)) continue;
        if (!first) {
          first = &key;
          continue;
        }
        document_.AddIssue(PathOf(path, key), "excludes " + *first, "keep one of the two");
        members.erase(key);
      }
    }
  }

  ConfigDocument& document_;
};

// The parser may quote a character of the text, a line break included.
std::string OnOneLine(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

bool CheckUtf8(const std::string& text, ConfigDocument& document) {
  const std::size_t valid = ValidUtf8Prefix(text);
  if (valid == text.size()) return true;
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(valid);
  document.AddIssueAt(static_cast<int>(std::count(text.begin(), end, '\n')) + 1, "", "is not UTF-8",
                      "save the file as UTF-8");
  return false;
}

std::optional<YAML::Node> ParseYaml(const std::string& text, ConfigDocument& document) {
  if (!CheckUtf8(text, document)) return std::nullopt;
  try {
    if (const auto second = FindSecondDocument(text)) {
      document.AddIssueAt(LineAt(*second), "", "has more than one YAML document",
                          "keep one, without a line --- or a stray comma or bracket");
      return std::nullopt;
    }
    YAML::Node node = YAML::Load(text);
    if (node.IsNull()) {
      document.AddIssue("", "is empty", "write at least one account with a source");
      return std::nullopt;
    }
    if (!node.IsMap()) {
      document.AddIssueAt(LineAt(node.Mark()), "", "is not a YAML mapping",
                          "begin with keys such as accounts:");
      return std::nullopt;
    }
    return node;
  } catch (const YAML::Exception& exception) {
    document.AddIssueAt(LineAt(exception.mark), "", "is not YAML: " + OnOneLine(exception.msg),
                        "repair the indentation, the quotes or the brackets around here");
    return std::nullopt;
  }
}

bool ParseJson(const std::string& json, ConfigDocument& document) {
  const auto status =
      google::protobuf::util::JsonStringToMessage(json, &document.mutable_message());
  if (status.ok()) return true;
  // The parser's own text may repeat a value.
  document.AddIssue("", "does not fit its schema", "compare it with the documented example");
  return false;
}

}  // namespace

bool ReadYaml(const std::string& text, ConfigDocument& document) {
  const auto root = ParseYaml(text, document);
  if (!root) return false;
  YamlWalker walker(document);
  const ConfigBlock whole(*config::v1::Config::descriptor(), document.venues());
  return ParseJson(walker.ReadMessage(*root, whole, ""), document);
}

}  // namespace balance
