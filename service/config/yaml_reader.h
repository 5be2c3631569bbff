#pragma once

// The way from YAML text to the configuration message. The schema, with the keys of the venues,
// decides what is accepted; what the values mean is not judged here.

#include <string>

#include "service/config/config_document.h"

namespace balance {

// Fills the document's message, notes the line of every field, and adds an issue for all that the
// schema does not know: bad YAML, unknown and repeated keys, wrong types, several members of a
// oneof. A field with an issue is left out of the message. Never repeats a value that may be a
// secret. False if there is nothing more to be judged.
bool ReadYaml(const std::string& text, ConfigDocument& document);

}  // namespace balance
