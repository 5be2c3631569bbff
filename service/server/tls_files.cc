#include "service/server/tls_files.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <memory>
#include <utility>

#include "clients/core/time_text.h"
#include "service/observe/log_event.h"

namespace balance {
namespace {

// Time enough for a person to act.
constexpr auto kSoon = std::chrono::days(7);
constexpr auto kWarningInterval = std::chrono::days(1);

}  // namespace

TlsFiles::TlsFiles(TlsSettings settings, const Clock& clock, Metrics& metrics)
    : settings_(std::move(settings)), clock_(clock), metrics_(metrics) {}

std::vector<std::string> TlsFiles::paths() const {
  std::vector<std::string> paths = {settings_.certificate_file, settings_.private_key_file};
  if (!settings_.client_ca_file.empty()) paths.push_back(settings_.client_ca_file);
  return paths;
}

tl::expected<TlsMaterial, std::string> TlsFiles::Read() const {
  return LoadTlsMaterial(settings_, clock_.WallNow()).map_error([](const auto& issues) {
    return ToString(issues);
  });
}

Result<void> TlsFiles::Load() {
  auto material = Read();
  if (!material) return Fail(ErrorKind::kInvalidInput, std::move(material.error()));
  TakeOver(*std::move(material));
  WarnOfEnd();
  return {};
}

void TlsFiles::Reload() {
  auto material = Read();
  const bool is_new = material && *material != *material_.Get();
  if (is_new) {
    if (const auto applied = apply_(*material_.Get(), *material); !applied) {
      material = tl::unexpected(applied.error().message);
    }
  }
  are_refused_ = !material;
  metrics_.SetTlsFilesRefused(!material);
  if (!material) {
    if (material.error() != problem_) {
      metrics_.OnTlsReload(false);
      const std::string meaning =
          meaning_.empty()
              ? "the certificate until " + UtcText(material_.Get()->expires) + " stays in force"
              : meaning_;
      Log(LogEvent::kTlsFilesRefused,
          fmt::format("TLS files refused, {}: {}", meaning, material.error()));
      problem_ = std::move(material.error());
    }
  } else if (is_new) {
    TakeOver(*std::move(material));
    metrics_.OnTlsReload(true);
    const std::string expires = UtcText(material_.Get()->expires);
    Log(LogEvent::kTlsFilesTakenOver,
        "TLS files taken over: new connections get the certificate until " + expires,
        {{"expires", expires}});
  } else if (!problem_.empty()) {
    Log(LogEvent::kTlsFilesRestored, "TLS files are again those in force");
    problem_.clear();
  }
  WarnOfEnd();
}

void TlsFiles::TakeOver(TlsMaterial material) {
  metrics_.SetTlsCertificateExpiry(material.expires);
  material_.Publish(std::make_shared<const TlsMaterial>(std::move(material)));
  problem_.clear();
  last_warning_.reset();
}

void TlsFiles::WarnOfEnd() {
  const WallTime now = clock_.WallNow();
  const auto expires = material_.Get()->expires;
  if (std::chrono::ceil<std::chrono::seconds>(now) + kSoon < expires) return;
  if (last_warning_ && now - *last_warning_ < kWarningInterval) return;
  last_warning_ = now;
  Log(LogEvent::kTlsCertificateEnding,
      fmt::format("the TLS certificate ends at {}; replace {} and {} before", UtcText(expires),
                  settings_.certificate_file, settings_.private_key_file),
      {{"expires", UtcText(expires)}, {"file", settings_.certificate_file}});
}

}  // namespace balance
