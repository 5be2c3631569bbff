#include "service/config/field_lines.h"

#include <charconv>

namespace balance {

void FieldLines::Set(std::string_view path, int line) {
  const std::string_view above = TakeParent(path);
  const std::optional<Index> parent = FindParent(above);
  nodes_[WalkOrAdd(parent ? *parent : WalkOrAdd(kRoot, above), path)].line = line;
}

std::optional<int> FieldLines::Find(std::string_view path) const {
  const std::optional<Index> at = FindNode(path);
  if (!at || nodes_[*at].line == kNoLine) return std::nullopt;
  return nodes_[*at].line;
}

int FieldLines::Nearest(std::string_view path) const {
  int nearest = 0;
  Index at = 0;
  while (!path.empty()) {
    at = Child(at, TakeStep(path));
    if (at == kNone) break;
    if (nodes_[at].line != kNoLine) nearest = nodes_[at].line;
  }
  return nearest;
}

std::string_view FieldLines::TakeParent(std::string_view& path) {
  std::size_t begin = path.size();
  while (begin > 0 && path[begin - 1] != '.' && path[begin - 1] != '[') --begin;
  // A dot belongs to neither, a bracket to what is behind it.
  const std::size_t end = begin == 0 ? 0 : begin - 1;
  const std::string_view parent = path.substr(0, end);
  path.remove_prefix(begin > 0 && path[end] == '.' ? begin : end);
  return parent;
}

std::optional<FieldLines::Index> FieldLines::FindNode(std::string_view path) const {
  const std::string_view above = TakeParent(path);
  const std::optional<Index> parent = FindParent(above);
  return parent ? Walk(*parent, path) : std::nullopt;
}

std::optional<FieldLines::Index> FieldLines::FindParent(std::string_view path) const {
  if (path == latest_path_) return latest_;
  const std::optional<Index> found = Walk(kRoot, path);
  if (found) {
    latest_path_ = path;
    latest_ = *found;
  }
  return found;
}

std::optional<FieldLines::Index> FieldLines::Walk(Index at, std::string_view path) const {
  while (!path.empty()) {
    at = Child(at, TakeStep(path));
    if (at == kNone) return std::nullopt;
  }
  return at;
}

FieldLines::Index FieldLines::WalkOrAdd(Index at, std::string_view path) {
  while (!path.empty()) {
    const Step step = TakeStep(path);
    const Index child = Child(at, step);
    at = child == kNone ? AddChild(at, step) : child;
  }
  return at;
}

FieldLines::Step FieldLines::TakeStep(std::string_view& path) {
  if (path.starts_with('[')) {
    std::size_t element = 0;
    const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), element);
    if (error == std::errc() && end != path.data() + path.size() && *end == ']') {
      path.remove_prefix(static_cast<std::size_t>(end - path.data()) + 1);
      if (path.starts_with('.')) path.remove_prefix(1);
      return {{}, element};
    }
  }
  // By hand: find_first_of() searches its list for each character, and this is called a lot.
  std::size_t end = 1;
  while (end < path.size() && path[end] != '.' && path[end] != '[') ++end;
  const Step step{path.substr(0, end), std::nullopt};
  path.remove_prefix(end);
  if (path.starts_with('.')) path.remove_prefix(1);
  return step;
}

FieldLines::Index FieldLines::Child(Index parent, const Step& step) const {
  const Node& node = nodes_[parent];
  if (step.element) {
    if (node.list == 0) return kNone;
    const auto& elements = lists_[node.list - 1];
    return *step.element < elements.size() ? elements[*step.element] : kNone;
  }
  Index member = node.first_member;
  while (member != kNone && nodes_[member].name != step.name) member = nodes_[member].next_member;
  return member;
}

FieldLines::Index FieldLines::AddChild(Index parent, const Step& step) {
  const auto child = static_cast<Index>(nodes_.size());
  Node& added = nodes_.emplace_back();
  Node& node = nodes_[parent];
  if (!step.element) {
    auto name = names_.find(step.name);
    if (name == names_.end()) name = names_.emplace(step.name).first;
    added.name = *name;
    added.next_member = node.first_member;
    node.first_member = child;
    return child;
  }
  if (node.list == 0) {
    lists_.emplace_back();
    node.list = static_cast<Index>(lists_.size());
  }
  auto& elements = lists_[node.list - 1];
  if (elements.size() <= *step.element) elements.resize(*step.element + 1, kNone);
  elements[*step.element] = child;
  return child;
}

}  // namespace balance
