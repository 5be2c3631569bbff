#pragma once

// One scalar of YAML, judged by the type of the field that it is for.

#include <google/protobuf/descriptor.h>
#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>

#include "service/config/config_document.h"

namespace balance {

// The JSON text that protobuf's parser takes for `field`: a text, a truth value, a number, a word
// of an enum or a duration. Numbers and truth values must not be quoted. nullopt, with an issue at
// `path`, if the node is anything else.
// REQUIRES: the field is no message other than google.protobuf.Duration.
std::optional<std::string> ReadScalar(const YAML::Node& node,
                                      const google::protobuf::FieldDescriptor& field,
                                      const std::string& path, ConfigDocument& document);

}  // namespace balance
