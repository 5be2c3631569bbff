#pragma once

// Writes YAML, by libyaml.

#include <yaml.h>

#include <string>
#include <string_view>

namespace balance {

// One document. Calls follow its structure: each mapping and each sequence that begins also ends,
// and keys and values of a mapping take turns. Used on one thread. Throws std::bad_alloc if there
// is no memory.
class YamlWriter {
 public:
  enum class Layout { kBlock, kFlow };

  YamlWriter();
  ~YamlWriter();
  YamlWriter(const YamlWriter&) = delete;
  YamlWriter& operator=(const YamlWriter&) = delete;

  void BeginMapping(Layout layout = Layout::kBlock);
  void EndMapping();
  void BeginSequence(Layout layout = Layout::kBlock);
  void EndSequence();

  // A scalar, in quotes only where it would be read as another text or as null without. Bytes that
  // are not UTF-8 are replaced by question marks.
  void Text(std::string_view text);
  // A scalar in double quotes.
  void QuotedText(std::string_view text);
  // A key of a mapping, and its value if that is a scalar.
  void Key(std::string_view key) { Text(key); }
  void Entry(std::string_view key, std::string_view text) {
    Key(key);
    Text(text);
  }

  // The whole document. REQUIRES: called once, at the end.
  std::string Finish();

 private:
  void Emit(int is_made, yaml_event_t& event);
  void Scalar(std::string_view text, yaml_scalar_style_t style);

  yaml_emitter_t emitter_;
  std::string written_;
};

}  // namespace balance
