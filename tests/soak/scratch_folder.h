#pragma once

// A folder for the files of a run.

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace balance {

// Its own, removed with all that is in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    path_ = (std::filesystem::temp_directory_path() / "balance-soak-XXXXXX").string();
    if (!mkdtemp(path_.data())) throw std::runtime_error("mkdtemp");
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace balance
