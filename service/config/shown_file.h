#pragma once

// Names of files in messages, where a secret may have been written in place of a path. Pure.

#include <string>

namespace balance {

// "the file PATH", or only "the file" if `path` does not look like one.
std::string ShownFile(const std::string& path);

}  // namespace balance
