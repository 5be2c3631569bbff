#pragma once

// One scalar of YAML, judged by the type of the field that it is for.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

#include "service/config/config_document.h"
#include "service/config/yaml_tree.h"

namespace balance {

// Sets `field` of `message` to the node's value, or adds that to the field if it is a list: a text,
// a truth value, a number, a word of an enum or a duration. Numbers and truth values must not be
// quoted. False, with an issue at `path` and without a change of the message, if the node is
// anything else.
// REQUIRES: the field is no message other than google.protobuf.Duration, and a list only of texts.
bool ReadScalar(const YamlNode& node, const google::protobuf::FieldDescriptor& field,
                const std::string& path, google::protobuf::Message& message,
                ConfigDocument& document);

}  // namespace balance
