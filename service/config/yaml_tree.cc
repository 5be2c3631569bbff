#include "service/config/yaml_tree.h"

#include <yaml.h>

#include <algorithm>
#include <new>
#include <unordered_map>
#include <utility>

#include "service/config/yaml_null.h"

namespace balance {
namespace {

constexpr std::string_view kTextTag = YAML_STR_TAG;
// "This is no plain value, find out nothing about it."
constexpr std::string_view kNonSpecificTag = "!";

std::string_view ViewOf(const yaml_char_t* text) {
  return text ? reinterpret_cast<const char*>(text) : std::string_view();
}

int LineOf(const yaml_mark_t& mark) { return static_cast<int>(mark.line) + 1; }

class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  yaml_event_t* get() { return &event_; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_{};
};

class Parser {
 public:
  // `text` must outlive the parser.
  explicit Parser(std::string_view text) : text_(text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // REQUIRES: `event` is a fresh one. False: the text is not YAML, see Issue().
  bool Next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) != 0) return true;
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    return false;
  }

  YamlIssue Issue() const {
    YamlIssue issue;
    issue.problem = parser_.problem ? parser_.problem : "the parser does not say why";
    if (parser_.error == YAML_READER_ERROR) {
      const auto read = text_.substr(0, std::min(parser_.problem_offset, text_.size()));
      issue.line = static_cast<int>(std::count(read.begin(), read.end(), '\n')) + 1;
      return issue;
    }
    issue.line = LineOf(parser_.problem_mark);
    if (parser_.context) {
      issue.problem.append(" ").append(parser_.context);
      if (const int begin = LineOf(parser_.context_mark); begin != issue.line) {
        issue.problem += " that begins on line " + std::to_string(begin);
      }
    }
    return issue;
  }

 private:
  const std::string_view text_;
  yaml_parser_t parser_;
};

}  // namespace

class YamlTreeBuilder {
 public:
  YamlTreeBuilder() { tree_.nodes_.resize(YamlTree::kRoot); }

  tl::expected<YamlTree, YamlIssue> Build(std::string_view text) {
    Parser parser(text);
    bool is_complete = false;
    while (true) {
      Event event;
      const bool is_good = parser.Next(event);
      if (is_good && event->type == YAML_STREAM_END_EVENT) break;
      if (is_complete) {
        return tl::unexpected(YamlIssue{YamlIssue::Kind::kSecondDocument,
                                        is_good ? LineOf(event->start_mark) : parser.Issue().line,
                                        {}});
      }
      if (!is_good) return tl::unexpected(parser.Issue());
      if (const char* problem = Take(event)) {
        return tl::unexpected(
            YamlIssue{YamlIssue::Kind::kNotYaml, LineOf(event->start_mark), problem});
      }
      is_complete = event->type == YAML_DOCUMENT_END_EVENT;
    }
    if (!is_complete && tree_.nodes_.size() == YamlTree::kRoot) tree_.nodes_.emplace_back();
    return std::move(tree_);
  }

 private:
  using Kind = YamlTree::Kind;

  // What is wrong with the event; null: nothing, it was taken.
  const char* Take(const Event& event) {
    switch (event->type) {
      case YAML_SCALAR_EVENT:
        AddScalar(*event.operator->());
        return nullptr;
      case YAML_SEQUENCE_START_EVENT:
        Note(event->data.sequence_start.anchor);
        return Open(Kind::kSequence, event->start_mark);
      case YAML_MAPPING_START_EVENT:
        Note(event->data.mapping_start.anchor);
        return Open(Kind::kMapping, event->start_mark);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        open_.pop_back();
        return nullptr;
      case YAML_ALIAS_EVENT:
        return AddAlias(event) ? nullptr : "found an alias of no anchor";
      default:
        return nullptr;
    }
  }

  const char* Open(Kind kind, const yaml_mark_t& mark) {
    if (open_.size() == YamlTree::kMaxDepth) return "found too many levels within each other";
    open_.push_back(Add(kind, mark));
    return nullptr;
  }

  void AddScalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const std::string_view tag = ViewOf(scalar.tag);
    const bool is_plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    Note(scalar.anchor);
    const bool is_null = is_plain && tag.empty() && IsYamlNull(text);
    YamlTree::Node& node =
        tree_.nodes_[Add(is_null ? Kind::kNull : Kind::kScalar, event.start_mark)];
    if (is_null) return;
    node.is_text = tag.empty() ? !is_plain : tag == kNonSpecificTag || tag == kTextTag;
    node.text_begin = tree_.texts_.size();
    node.text_size = text.size();
    tree_.texts_ += text;
  }

  // False: its anchor is not known.
  bool AddAlias(const Event& event) {
    const auto target = anchors_.find(std::string(ViewOf(event->data.alias.anchor)));
    if (target == anchors_.end()) return false;
    tree_.nodes_[Add(Kind::kAlias, event->start_mark)].first = target->second;
    return true;
  }

  // Of the node that is added next.
  void Note(const yaml_char_t* anchor) {
    if (anchor) anchors_.insert_or_assign(std::string(ViewOf(anchor)), NextIndex());
  }

  std::uint32_t NextIndex() const { return static_cast<std::uint32_t>(tree_.nodes_.size()); }

  std::uint32_t Add(Kind kind, const yaml_mark_t& mark) {
    const std::uint32_t index = NextIndex();
    YamlTree::Node& node = tree_.nodes_.emplace_back();
    node.kind = kind;
    node.line = LineOf(mark);
    if (!open_.empty()) {
      YamlTree::Node& parent = tree_.nodes_[open_.back()];
      (parent.first == YamlTree::kNone ? parent.first : tree_.nodes_[parent.last].next) = index;
      parent.last = index;
    }
    return index;
  }

  YamlTree tree_;
  // Sequences and mappings that have not ended, the outermost first.
  std::vector<std::uint32_t> open_;
  std::unordered_map<std::string, std::uint32_t> anchors_;
};

tl::expected<YamlTree, YamlIssue> YamlTree::Parse(std::string_view text) {
  return YamlTreeBuilder().Build(text);
}

bool YamlNode::IsNull() const { return tree_->nodes_[index_].kind == YamlTree::Kind::kNull; }

bool YamlNode::IsScalar() const { return tree_->nodes_[index_].kind == YamlTree::Kind::kScalar; }

bool YamlNode::IsSequence() const {
  return tree_->nodes_[index_].kind == YamlTree::Kind::kSequence;
}

bool YamlNode::IsMapping() const { return tree_->nodes_[index_].kind == YamlTree::Kind::kMapping; }

int YamlNode::line() const { return tree_->nodes_[index_].line; }

std::string_view YamlNode::text() const {
  const YamlTree::Node& node = tree_->nodes_[index_];
  return std::string_view(tree_->texts_).substr(node.text_begin, node.text_size);
}

bool YamlNode::IsText() const { return tree_->nodes_[index_].is_text; }

}  // namespace balance
