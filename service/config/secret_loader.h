#pragma once

// Secrets from their origins: a file, an environment variable or the configuration itself.

#include <memory>
#include <string>
#include <string_view>

#include "clients/core/secret.h"
#include "service/config/config_document.h"
#include "service/config/load_config.h"

namespace balance {

// A secret while it is being loaded: wiped on destruction. Cheaper than a Secret, which takes pages
// of its own, and not meant to be kept.
class SecretText {
 public:
  explicit SecretText(std::string_view text) : text_(text) {}
  ~SecretText() { Wipe(text_); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;

  std::string_view Expose() const { return text_; }

 private:
  std::string text_;
};

// Used by one loading call on one thread.
class SecretLoader {
 public:
  // Both must outlive the loader.
  SecretLoader(ConfigDocument& document, const EnvLookup& env) : document_(document), env_(env) {}

  // The text of the secret at `path`, white space around it dropped: 1 to 4096 printable ASCII
  // characters without spaces, so that it can stand in a header. Null, with an issue, if there is
  // no such text. A file must not be accessible to others than its owner and group; links are
  // followed, because Kubernetes mounts secrets as links.
  // `given` is false if the field is absent.
  std::unique_ptr<const SecretText> Load(const config::v1::Secret& secret, bool given,
                                         const std::string& path);

 private:
  std::unique_ptr<const SecretText> LoadFile(const std::string& file, const std::string& path);
  std::unique_ptr<const SecretText> LoadEnv(const std::string& name, const std::string& path);
  // Wipes `text`.
  std::unique_ptr<const SecretText> Check(std::string text, const std::string& path);

  ConfigDocument& document_;
  const EnvLookup& env_;
};

}  // namespace balance
