#pragma once

// A YAML text as a tree of nodes, read by libyaml. What they mean is not judged here. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace balance {

class YamlTree;

// A node of a tree, an alias followed to the node that it stands for. Valid as long as the tree.
class YamlNode {
 public:
  // Nothing at all, or a plain ~ or null, without a tag.
  bool IsNull() const;
  // One value other than null.
  bool IsScalar() const;
  bool IsSequence() const;
  bool IsMapping() const;

  // Line on which the node begins, from 1.
  int line() const;
  // Text of a scalar, quotes and escapes resolved; else empty. Valid as long as the tree.
  std::string_view text() const;
  // A scalar is a text whatever it looks like: in quotes, or in a block, or tagged as one.
  bool IsText() const;

  // Calls `visit` with each element of a sequence.
  template <typename Visit>
  void ForEachElement(Visit visit) const;
  // Calls `visit` with the key and the value of each entry of a mapping, repeated keys included.
  template <typename Visit>
  void ForEachEntry(Visit visit) const;

 private:
  friend class YamlTree;
  YamlNode(const YamlTree& tree, std::uint32_t index) : tree_(&tree), index_(index) {}

  const YamlTree* tree_;
  std::uint32_t index_;
};

// Why a text gives no tree.
struct YamlIssue {
  enum class Kind : std::uint8_t {
    kNotYaml,
    // Another document, or what else stands behind the first one.
    kSecondDocument,
  };

  Kind kind = Kind::kNotYaml;
  // From 1.
  int line = 0;
  // In the parser's words, which repeat nothing of the text. Empty for a second document.
  std::string problem;
};

// Immutable.
class YamlTree {
 public:
  // Levels of sequences and mappings within each other that a text may have, far more than any
  // configuration. libyaml's scanner (0.2.5, yaml_parser_stale_simple_keys) looks at all open
  // levels for each token: 100,000 of them would keep it busy for a minute.
  static constexpr std::size_t kMaxDepth = 64;

  // The tree of the only document of `text`; null if there is none. An anchor may stand for a node
  // that holds its alias, so a walk along all nodes need not end.
  // REQUIRES: `text` is UTF-8. Throws std::bad_alloc if there is no memory.
  static tl::expected<YamlTree, YamlIssue> Parse(std::string_view text);

  YamlNode root() const { return {*this, kRoot}; }

 private:
  friend class YamlNode;
  friend class YamlTreeBuilder;

  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMapping, kAlias };

  // Index of no node: the first one is no child.
  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kRoot = 1;

  struct Node {
    Kind kind = Kind::kNull;
    bool is_text = false;
    int line = 0;
    // Next child of the parent, kNone for the last one.
    std::uint32_t next = kNone;
    // First and last child; keys and values of a mapping take turns. Of an alias, `first` is the
    // node that it stands for.
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    // Of a scalar: its place in `texts_`.
    std::size_t text_begin = 0;
    std::size_t text_size = 0;
  };

  YamlTree() = default;
  std::uint32_t Resolved(std::uint32_t index) const {
    return nodes_[index].kind == Kind::kAlias ? nodes_[index].first : index;
  }

  std::vector<Node> nodes_;
  // All scalars, one behind the other.
  std::string texts_;
};

template <typename Visit>
void YamlNode::ForEachElement(Visit visit) const {
  for (auto i = tree_->nodes_[index_].first; i != YamlTree::kNone; i = tree_->nodes_[i].next) {
    visit(YamlNode(*tree_, tree_->Resolved(i)));
  }
}

template <typename Visit>
void YamlNode::ForEachEntry(Visit visit) const {
  for (auto i = tree_->nodes_[index_].first; i != YamlTree::kNone;) {
    const auto value = tree_->nodes_[i].next;
    visit(YamlNode(*tree_, tree_->Resolved(i)), YamlNode(*tree_, tree_->Resolved(value)));
    i = tree_->nodes_[value].next;
  }
}

}  // namespace balance
