#pragma once

// Where the fields of a configuration are written. A tree along their paths: ten thousand accounts
// have hundreds of thousands of fields, which a table of whole paths would search all over memory.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace balance {

// Paths are such as accounts[0].sources[1].cache.ttl. Used on one thread.
class FieldLines {
 public:
  FieldLines() : nodes_(1) {}
  // Nodes point into `names_`.
  FieldLines(const FieldLines&) = delete;
  FieldLines& operator=(const FieldLines&) = delete;
  ~FieldLines() = default;

  // Notes the line of a field, which may be 0; a later one counts.
  void Set(std::string_view path, int line);

  // Nullopt: no line was noted for the field.
  std::optional<int> Find(std::string_view path) const;

  // The line of the field, or of the nearest one around it; 0 if there is none.
  int Nearest(std::string_view path) const;

 private:
  using Index = std::uint32_t;
  static constexpr Index kRoot = 0;
  static constexpr Index kNone = 0;
  static constexpr int kNoLine = -1;

  struct Node {
    int line = kNoLine;
    // Children with a name, linked; kNone: no more.
    Index first_member = kNone;
    Index next_member = kNone;
    // Index into `lists_`, less one; 0: the field has no elements.
    Index list = 0;
    // In `names_`. Empty for an element of a list.
    std::string_view name;
  };

  // One step of a path: the name of a member, or the number of an element.
  struct Step {
    std::string_view name;
    std::optional<std::size_t> element;
  };

  // Takes all but the last step off `path`, and returns it; empty if there is one step.
  static std::string_view TakeParent(std::string_view& path);
  // Takes the first step off `path`.
  static Step TakeStep(std::string_view& path);
  // The node of the field at `path`; unset if there is none.
  std::optional<Index> FindNode(std::string_view path) const;
  // The same for the message or the list at `path`, which is remembered: the fields of one come one
  // after the other.
  std::optional<Index> FindParent(std::string_view path) const;
  // The node at the end of `path`, from `at` on; unset if there is none.
  std::optional<Index> Walk(Index at, std::string_view path) const;
  // The same, made if there is none.
  Index WalkOrAdd(Index at, std::string_view path);
  // The node behind a step, or kNone.
  Index Child(Index parent, const Step& step) const;
  Index AddChild(Index parent, const Step& step);

  // The first is the whole; nothing is its parent, so its index stands for none.
  std::vector<Node> nodes_;
  // Elements of each list by number; kNone for one that is not known.
  std::vector<std::vector<Index>> lists_;
  std::set<std::string, std::less<>> names_;
  // Path and node that FindParent() found last.
  mutable std::string latest_path_;
  mutable Index latest_ = kRoot;
};

}  // namespace balance
