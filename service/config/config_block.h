#pragma once

// What may stand in one mapping of the configuration file. The schema says it, but for the logins:
// each venue brings keys of its own. Pure.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "clients/venue/venue.h"

namespace balance {

// The keys of `venues`, as in "one or another".
std::string VenueKeys(const Venues& venues);

// A value. The venues must outlive it.
class ConfigBlock {
 public:
  // A mapping that is a message `type` of the schema.
  ConfigBlock(const google::protobuf::Descriptor& type, const Venues& venues)
      : type_(&type), venues_(&venues) {}

  // The keys that may stand in it, in the order of the schema.
  std::vector<std::string> Keys() const;
  // The field that the key stands for; null if there is none.
  const google::protobuf::FieldDescriptor* Find(const std::string& key) const;
  // The mapping below `key`, which stands for `field`, a message.
  ConfigBlock Below(const std::string& key, const google::protobuf::FieldDescriptor& field) const;
  // Whether other keys exclude those that stand for `field`.
  static bool HasAlternatives(const google::protobuf::FieldDescriptor& field);
  // The keys of which only one may be given, `key` among them, in the order of the schema; empty if
  // it excludes none.
  std::vector<std::string> Alternatives(const std::string& key) const;
  // Place in `message`, which is this mapping, for the mapping below `key`, which stands for
  // `field`, a message: a new element of a list, else the only one.
  static google::protobuf::Message& Place(const std::string& key,
                                          const google::protobuf::FieldDescriptor& field,
                                          google::protobuf::Message& message);
  // Empties `field` and its alternatives.
  static void ClearAlternatives(const google::protobuf::FieldDescriptor& field,
                                google::protobuf::Message& message);
  // Whether it may hold a secret where a key belongs.
  bool IsSecret() const;

 private:
  ConfigBlock(const google::protobuf::Descriptor& type, const Venues& venues, const Venue* venue)
      : type_(&type), venues_(&venues), venue_(venue) {}

  const google::protobuf::Descriptor* type_;
  const Venues* venues_;
  // Whose login it is, if it is one.
  const Venue* venue_ = nullptr;
};

}  // namespace balance
