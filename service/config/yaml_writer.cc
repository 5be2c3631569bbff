#include "service/config/yaml_writer.h"

#include <new>
#include <utility>

#include "clients/core/utf8.h"
#include "service/config/yaml_null.h"

namespace balance {
namespace {

int Append(void* written, unsigned char* bytes, std::size_t size) {
  static_cast<std::string*>(written)->append(reinterpret_cast<const char*>(bytes), size);
  return 1;
}

std::string AsUtf8(std::string_view text) {
  std::string result;
  while (true) {
    const std::size_t valid = ValidUtf8Prefix(text);
    result += text.substr(0, valid);
    if (valid == text.size()) return result;
    result += '?';
    text.remove_prefix(valid + 1);
  }
}

}  // namespace

YamlWriter::YamlWriter() {
  if (yaml_emitter_initialize(&emitter_) == 0) throw std::bad_alloc();
  yaml_emitter_set_output(&emitter_, Append, &written_);
  yaml_emitter_set_unicode(&emitter_, 1);
  // No line is broken.
  yaml_emitter_set_width(&emitter_, -1);
  yaml_event_t event;
  Emit(yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), event);
  Emit(yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1), event);
}

YamlWriter::~YamlWriter() { yaml_emitter_delete(&emitter_); }

void YamlWriter::BeginMapping(Layout layout) {
  yaml_event_t event;
  Emit(yaml_mapping_start_event_initialize(
           &event, nullptr, nullptr, 1,
           layout == Layout::kFlow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE),
       event);
}

void YamlWriter::EndMapping() {
  yaml_event_t event;
  Emit(yaml_mapping_end_event_initialize(&event), event);
}

void YamlWriter::BeginSequence(Layout layout) {
  yaml_event_t event;
  Emit(yaml_sequence_start_event_initialize(
           &event, nullptr, nullptr, 1,
           layout == Layout::kFlow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE),
       event);
}

void YamlWriter::EndSequence() {
  yaml_event_t event;
  Emit(yaml_sequence_end_event_initialize(&event), event);
}

void YamlWriter::Text(std::string_view text) {
  if (IsYamlNull(text)) return QuotedText(text);
  Scalar(text, YAML_ANY_SCALAR_STYLE);
}

void YamlWriter::QuotedText(std::string_view text) {
  Scalar(text, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

void YamlWriter::Scalar(std::string_view text, yaml_scalar_style_t style) {
  const std::string valid = AsUtf8(text);
  yaml_event_t event;
  Emit(yaml_scalar_event_initialize(&event, nullptr, nullptr,
                                    reinterpret_cast<const unsigned char*>(valid.data()),
                                    static_cast<int>(valid.size()), 1, 1, style),
       event);
}

std::string YamlWriter::Finish() {
  yaml_event_t event;
  Emit(yaml_document_end_event_initialize(&event, 1), event);
  Emit(yaml_stream_end_event_initialize(&event), event);
  yaml_emitter_flush(&emitter_);
  return std::move(written_);
}

// The events fit each other and all texts are valid, so only memory can be missing.
void YamlWriter::Emit(int is_made, yaml_event_t& event) {
  if (is_made == 0 || yaml_emitter_emit(&emitter_, &event) == 0) throw std::bad_alloc();
}

}  // namespace balance
