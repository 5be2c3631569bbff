#pragma once

// Keeps what TLS handshakes use in step with its files: good files are taken over, others are
// refused, logged and counted while the old ones stay in force.

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/published.h"
#include "clients/core/result.h"
#include "service/config/config.h"
#include "service/config/tls_material.h"
#include "service/observe/metrics.h"

namespace balance {

// Reload() is called by one thread at a time; material() and are_refused() may be asked by
// any. Blocks on files.
class TlsFiles {
 public:
  // Puts what the files hold `now` into force; may refuse it with a sentence.
  using Apply = std::function<Result<void>(const TlsMaterial& before, const TlsMaterial& now)>;

  // `clock` and `metrics` must outlive it.
  TlsFiles(TlsSettings settings, const Clock& clock, Metrics& metrics);
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;
  ~TlsFiles() = default;

  // Publishes the first material. Fails with a sentence that names what is wrong with which file.
  Result<void> Load();

  // What a refusal of the files means, as the end of a sentence; else that the old ones stay in
  // force. REQUIRES: called before Reload().
  void SayOnRefusal(std::string meaning) { meaning_ = std::move(meaning); }

  // Calls `apply` whenever Reload() finds other, good files. REQUIRES: called before Reload().
  void OnChange(Apply apply) { apply_ = std::move(apply); }

  // REQUIRES: Load() has succeeded. What it finds unchanged is not logged or counted again; one
  // that ends soon is warned of once a day.
  void Reload();

  const Published<TlsMaterial>& material() const { return material_; }
  // Whether the files hold something else than what is in force, which could not serve.
  bool are_refused() const { return are_refused_; }
  const TlsSettings& settings() const { return settings_; }
  std::vector<std::string> paths() const;

 private:
  // The problem for a person, or the material.
  tl::expected<TlsMaterial, std::string> Read() const;
  void TakeOver(TlsMaterial material);
  void WarnOfEnd();

  const TlsSettings settings_;
  const Clock& clock_;
  Metrics& metrics_;
  Apply apply_ = [](const TlsMaterial&, const TlsMaterial&) { return Result<void>(); };
  Published<TlsMaterial> material_;
  std::atomic<bool> are_refused_ = false;
  std::string meaning_;
  // Of the files as they were last refused; empty if they are in force.
  std::string problem_;
  std::optional<WallTime> last_warning_;
};

}  // namespace balance
