#pragma once

// A configuration on its way from text to Config: the message read so far, where each field of it
// was written, and all that is wrong with it. Used by one loading call on one thread.
//
// Fields are named by their path, such as accounts[0].sources[1].cache.ttl.

#include <google/protobuf/arena.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "balance/config/v1/config.pb.h"
#include "clients/venue/venue.h"
#include "service/config/config_issue.h"
#include "service/config/field_lines.h"
#include "service/config/file_states.h"
#include "service/config/read_file.h"

namespace balance {

class ConfigDocument {
 public:
  // `file` is what issues say of their origin, `venues` are those that sources can name. They must
  // outlive the document.
  ConfigDocument(std::string file, const Venues& venues)
      : file_(std::move(file)), venues_(venues) {}

  const Venues& venues() const { return venues_; }

  // Only fields that could be read; a list keeps an empty element for one that could not.
  const config::v1::Config& message() const { return *message_; }
  config::v1::Config& mutable_message() { return *message_; }

  // Notes that the field was written on `line` (0: it has none).
  void AddField(const std::string& path, int line) { lines_.Set(path, line); }
  // Issues speak of the field as `label`.
  void AddLabel(const std::string& path, std::string label) {
    labels_.insert_or_assign(path, std::move(label));
  }
  // A key of the message at `path` (empty: the whole) could not be read.
  void MarkIncomplete(const std::string& path) { incomplete_.insert(path); }

  // Notes that the configuration depends on the file, whether it can be read or not, and how it is
  // now. REQUIRES: it is read afterwards.
  void NoteFile(const std::string& path) {
    if (!files_.contains(path)) files_.emplace(path, StateOf(path));
  }
  // Notes the file, as above, and reads it: see read_file.h.
  tl::expected<FileContent, std::string> ReadNoted(const std::string& path, std::size_t limit);
  // As they were before they were first read. Leaves none behind.
  FileStates TakeFiles() { return std::exchange(files_, {}); }

  // The line of the field, or of the nearest one around it; 0 if there is none.
  int LineOf(std::string_view path) const { return lines_.Nearest(path); }

  // The field was written and nothing is wrong with it so far. Unlike the message, it tells an
  // absent number or text from a zero or empty one.
  bool IsGiven(const std::string& path) const;
  // The field was not written, nor can a misread key beside it have meant it.
  bool IsAbsent(const std::string& path) const;
  bool IsIncomplete(const std::string& path) const { return incomplete_.contains(path); }

  void AddIssue(const std::string& path, std::string problem, std::string remedy);
  void AddIssueAt(int line, const std::string& path, std::string problem, std::string remedy);
  // Adds an issue of a part of the message at `path` that has no path of its own: the rest of it
  // still counts, so HasIssue(path) stays as it is.
  void AddIssueWithin(int line, const std::string& path, std::string problem, std::string remedy);

  // Adds a warning of something that works but is hardly meant.
  void AddWarning(const std::string& path, std::string problem, std::string remedy);

  bool HasIssue(const std::string& path) const { return flagged_.contains(path); }
  bool HasIssues() const { return !issues_.empty(); }

  // Take all that was added, ordered by line, and leave none behind.
  std::vector<ConfigIssue> TakeIssues();
  std::vector<ConfigIssue> TakeWarnings();

 private:
  // Makes the issue that people read.
  ConfigIssue Describe(int line, const std::string& path, std::string problem,
                       std::string remedy) const;

  std::string file_;
  const Venues& venues_;
  // Thousands of small messages come and go with it.
  google::protobuf::Arena arena_;
  config::v1::Config* const message_ =
      google::protobuf::Arena::CreateMessage<config::v1::Config>(&arena_);
  FieldLines lines_;
  std::unordered_map<std::string, std::string> labels_;
  std::unordered_set<std::string> incomplete_;
  std::unordered_set<std::string> flagged_;
  std::vector<ConfigIssue> issues_;
  std::vector<ConfigIssue> warnings_;
  FileStates files_;
};

}  // namespace balance
