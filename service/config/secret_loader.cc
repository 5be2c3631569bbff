#include "service/config/secret_loader.h"

#include <sys/stat.h>

#include <string_view>

#include "clients/core/ascii.h"
#include "service/config/placeholder.h"
#include "service/config/shown_file.h"

namespace balance {
namespace {

constexpr std::size_t kMostBytes = 4096;
constexpr std::size_t kLongestShownName = 32;
constexpr const char* kOriginRemedy = "write {file: PATH} or {env: NAME}";

// Names the variable, unless the text may be a secret that was written in place of a name.
std::string ShownVariable(const std::string& name) {
  const bool plain =
      name.size() <= kLongestShownName &&
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
  return plain ? "the environment variable " + name : "the environment variable";
}

}  // namespace

std::unique_ptr<const SecretText> SecretLoader::Load(const config::v1::Secret& secret, bool given,
                                                     const std::string& path) {
  if (document_.HasIssue(path)) return nullptr;
  switch (secret.source_case()) {
    case config::v1::Secret::kFile:
      return LoadFile(secret.file(), path);
    case config::v1::Secret::kEnv:
      return LoadEnv(secret.env(), path);
    case config::v1::Secret::kValue:
      return Check(secret.value(), path);
    case config::v1::Secret::SOURCE_NOT_SET:
      break;
  }
  if (given && !document_.IsIncomplete(path)) {
    document_.AddIssue(path, "does not say where the secret is", kOriginRemedy);
  } else if (document_.IsAbsent(path)) {
    document_.AddIssue(path, "is missing", kOriginRemedy);
  }
  return nullptr;
}

std::unique_ptr<const SecretText> SecretLoader::LoadFile(const std::string& file,
                                                         const std::string& path) {
  if (file.empty()) {
    document_.AddIssue(path, "names no file", kOriginRemedy);
    return nullptr;
  }
  auto content = document_.ReadNoted(file, kMostBytes);
  if (!content) {
    document_.AddIssue(path, ShownFile(file) + " " + content.error(),
                       "name a readable file that holds nothing but the secret");
    return nullptr;
  }
  if ((content->mode & S_IRWXO) != 0) {
    Wipe(content->text);
    document_.AddIssue(path, ShownFile(file) + " is accessible to every user",
                       "take that away, such as with chmod o-rwx");
    return nullptr;
  }
  return Check(std::move(content->text), path);
}

std::unique_ptr<const SecretText> SecretLoader::LoadEnv(const std::string& name,
                                                        const std::string& path) {
  auto text = name.empty() ? std::nullopt : env_(name);
  if (!text) {
    document_.AddIssue(
        path, name.empty() ? "names no environment variable" : ShownVariable(name) + " is not set",
        "set it for the server, or write {file: PATH}");
    return nullptr;
  }
  return Check(std::move(*text), path);
}

std::unique_ptr<const SecretText> SecretLoader::Check(std::string text, const std::string& path) {
  std::unique_ptr<const SecretText> secret;
  const std::string_view trimmed = TrimAscii(text);
  if (trimmed.empty()) {
    document_.AddIssue(path, "the secret is empty", "store the secret there");
  } else if (trimmed.size() > kMostBytes) {
    document_.AddIssue(path, "the secret is longer than " + std::to_string(kMostBytes) + " bytes",
                       "store nothing but the secret there");
  } else if (!IsAsciiWord(trimmed)) {
    document_.AddIssue(path, "the secret holds a space, a control or a non-ASCII character",
                       "store nothing but the secret there, on one line");
  } else if (IsPlaceholder(trimmed)) {
    document_.AddIssue(path, std::string("the secret ") + kPlaceholderProblem,
                       "for the value of an environment variable write {env: NAME}");
  } else {
    secret = std::make_unique<const SecretText>(trimmed);
  }
  Wipe(text);
  return secret;
}

}  // namespace balance
