#include "service/server/other_program.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace balance {
namespace {

constexpr const char* kName = "balance-service-grpc";

}  // namespace

std::string BecomeOtherProgram(const std::vector<std::string>& arguments) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "cannot find its own program: " + error.message();
  std::string path = self.parent_path() / kName;
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv = {path.data()};
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  return "cannot run " + std::string(kName) +
         ", which lies beside balance-service and has the engine GRPC: " +
         std::generic_category().message(errno);
}

}  // namespace balance
