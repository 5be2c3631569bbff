#include "service/config/yaml_reader.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/core/utf8.h"
#include "service/config/config_block.h"
#include "service/config/nearest_key.h"
#include "service/config/yaml_scalar.h"
#include "service/config/yaml_tree.h"

namespace balance {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kLongestShownKey = 32;

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string PathOf(const std::string& parent, const std::string& key) {
  return parent.empty() ? key : parent + "." + key;
}

bool IsPlainKey(std::string_view key) {
  return key.size() <= kLongestShownKey &&
         key.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string_view::npos;
}

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() != "google.protobuf.Duration";
}

// Where the keys of one mapping are written.
class KeyLines {
 public:
  // 0: nowhere.
  int& operator[](std::string_view key) {
    const auto found = std::find_if(lines_.begin(), lines_.end(),
                                    [key](const auto& entry) { return entry.first == key; });
    return found == lines_.end() ? lines_.emplace_back(key, 0).second : found->second;
  }
  bool IsGiven(std::string_view key) const {
    return std::any_of(lines_.begin(), lines_.end(),
                       [key](const auto& entry) { return entry.first == key; });
  }
  std::size_t size() const { return lines_.size(); }
  // In the order in which they are written.
  template <typename Visit>
  void ForEachKey(Visit visit) const {
    for (const auto& [key, line] : lines_) visit(key);
  }

 private:
  // A mapping has few keys. The texts are those of the tree.
  std::vector<std::pair<std::string_view, int>> lines_;
};

// Walks the YAML along the schema.
class YamlWalker {
 public:
  explicit YamlWalker(ConfigDocument& document) : document_(document) {}

  void ReadMessage(const YamlNode& node, const ConfigBlock& block, const std::string& path,
                   Message& message) {
    KeyLines lines;
    bool has_alternatives = false;
    node.ForEachEntry([&](const YamlNode& key, const YamlNode& value) {
      const std::string name(key.text());
      const FieldDescriptor* field = FindField(key, name, block, path);
      const std::string field_path = field ? PathOf(path, name) : std::string();
      const bool is_read = field != nullptr && IsFirst(key, field_path, lines) &&
                           ReadMember(value, block, name, *field, field_path, lines, message);
      if (!is_read) document_.MarkIncomplete(path);
      if (field && ConfigBlock::HasAlternatives(*field)) has_alternatives = true;
    });
    if (!has_alternatives || lines.size() == 1) return;
    lines.ForEachKey(
        [&](std::string_view key) { RefuseOthers(block, std::string(key), path, lines); });
  }

 private:
  static std::string KeyList(const ConfigBlock& block) { return Joined(block.Keys()); }

  const FieldDescriptor* FindField(const YamlNode& key, const std::string& name,
                                   const ConfigBlock& block, const std::string& path) {
    if (!key.IsScalar()) {
      document_.AddIssueWithin(key.line(), path, "has a key that is no word",
                               "use one of: " + KeyList(block));
      return nullptr;
    }
    const FieldDescriptor* field = block.Find(name);
    if (!field) AddUnknownKey(key.line(), block, path, name);
    return field;
  }

  // Notes where the key was written; refuses a second time.
  bool IsFirst(const YamlNode& key, const std::string& field_path, KeyLines& lines) {
    int& first = lines[key.text()];
    if (first == 0) {
      first = key.line();
      document_.AddField(field_path, key.line());
      return true;
    }
    document_.AddIssueAt(key.line(), field_path,
                         "is given twice, first on line " + std::to_string(first),
                         "keep one of the two");
    return false;
  }

  // `key` stands for `field` in `block`, and `path` is its own. Of several alternatives the one
  // that the schema has first counts, wherever it stands, even if it cannot be read. The others are
  // judged as well.
  bool ReadMember(const YamlNode& node, const ConfigBlock& block, const std::string& key,
                  const FieldDescriptor& field, const std::string& path, const KeyLines& lines,
                  Message& message) {
    if (!ConfigBlock::HasAlternatives(field)) {
      return ReadField(node, block, key, field, path, message);
    }
    if (IsAfterAlternative(block, key, lines)) {
      const std::unique_ptr<Message> unused(message.New());
      return ReadField(node, block, key, field, path, *unused);
    }
    ConfigBlock::ClearAlternatives(field, message);
    return ReadField(node, block, key, field, path, message);
  }

  // Whether an alternative that the schema has before `key` is given so far.
  static bool IsAfterAlternative(const ConfigBlock& block, const std::string& key,
                                 const KeyLines& lines) {
    if (lines.size() == 1) return false;
    for (const std::string& earlier : block.Alternatives(key)) {
      if (earlier == key) return false;
      if (lines.IsGiven(earlier)) return true;
    }
    return false;
  }

  // Of the alternatives of `key`, if it is the first one that is given.
  void RefuseOthers(const ConfigBlock& block, const std::string& key, const std::string& parent,
                    const KeyLines& lines) {
    const std::vector<std::string> alternatives = block.Alternatives(key);
    const auto is_given = [&](const std::string& other) { return lines.IsGiven(other); };
    const auto first = std::find_if(alternatives.begin(), alternatives.end(), is_given);
    if (first == alternatives.end() || *first != key) return;
    for (auto other = first + 1; other != alternatives.end(); ++other) {
      if (!is_given(*other)) continue;
      document_.AddIssue(PathOf(parent, *other), "excludes " + key, "keep one of the two");
    }
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

  bool ReadField(const YamlNode& node, const ConfigBlock& block, const std::string& key,
                 const FieldDescriptor& field, const std::string& path, Message& message) {
    if (!field.is_repeated()) return ReadOne(node, block, key, field, path, message);
    if (!node.IsSequence()) {
      document_.AddIssue(path, "is not a list",
                         "write each entry on lines of its own after \"- \"");
      return false;
    }
    std::size_t count = 0;
    node.ForEachElement([&](const YamlNode& element) {
      const std::string element_path = path + "[" + std::to_string(count++) + "]";
      document_.AddField(element_path, element.line());
      ReadOne(element, block, key, field, element_path, message);
    });
    return true;
  }

  // Adds to a list. An entry that is no mapping counts as an empty one, so that those behind it
  // keep their numbers.
  bool ReadOne(const YamlNode& node, const ConfigBlock& block, const std::string& key,
               const FieldDescriptor& field, const std::string& path, Message& message) {
    if (!IsMessage(field)) return ReadScalar(node, field, path, message, document_);
    const ConfigBlock below = block.Below(key, field);
    if (!node.IsMapping()) {
      if (field.is_repeated()) ConfigBlock::Place(key, field, message);
      document_.AddIssue(path, node.IsNull() ? "has no value" : "is not a mapping",
                         "write its keys below it: " + KeyList(below));
      return false;
    }
    ReadMessage(node, below, path, ConfigBlock::Place(key, field, message));
    return true;
  }

  ConfigDocument& document_;
};

bool CheckUtf8(const std::string& text, ConfigDocument& document) {
  const std::size_t valid = ValidUtf8Prefix(text);
  if (valid == text.size()) return true;
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(valid);
  document.AddIssueAt(static_cast<int>(std::count(text.begin(), end, '\n')) + 1, "", "is not UTF-8",
                      "save the file as UTF-8");
  return false;
}

void AddIssue(const YamlIssue& issue, ConfigDocument& document) {
  switch (issue.kind) {
    case YamlIssue::Kind::kNotYaml:
      document.AddIssueAt(issue.line, "", "is not YAML: " + issue.problem,
                          "repair the indentation, the quotes or the brackets around here");
      return;
    case YamlIssue::Kind::kSecondDocument:
      document.AddIssueAt(issue.line, "", "has more than one YAML document",
                          "keep one, without a line --- or a stray comma or bracket");
      return;
  }
}

std::optional<YamlTree> ParseYaml(const std::string& text, ConfigDocument& document) {
  if (!CheckUtf8(text, document)) return std::nullopt;
  auto tree = YamlTree::Parse(text);
  if (!tree) {
    AddIssue(tree.error(), document);
    return std::nullopt;
  }
  const YamlNode root = tree->root();
  if (root.IsNull()) {
    document.AddIssue("", "is empty", "write at least one account with a source");
    return std::nullopt;
  }
  if (!root.IsMapping()) {
    document.AddIssueAt(root.line(), "", "is not a YAML mapping",
                        "begin with keys such as accounts:");
    return std::nullopt;
  }
  return *std::move(tree);
}

}  // namespace

bool ReadYaml(const std::string& text, ConfigDocument& document) {
  const auto tree = ParseYaml(text, document);
  if (!tree) return false;
  const ConfigBlock whole(*config::v1::Config::descriptor(), document.venues());
  YamlWalker(document).ReadMessage(tree->root(), whole, "", document.mutable_message());
  return true;
}

}  // namespace balance
