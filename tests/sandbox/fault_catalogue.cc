#include <algorithm>
#include <iterator>

#include "tests/sandbox/fault.h"

namespace balance::sandbox {
namespace {

struct Entry {
  std::string_view name;
  Fault fault;
};

constexpr const char* kJson = "application/json";
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kHtml = "text/html; charset=UTF-8";

Fault Reply(int status, const char* type, std::string body, std::vector<Header> more = {}) {
  Fault fault;
  fault.status = status;
  if (*type != '\0') fault.headers.push_back({"Content-Type", type});
  fault.headers.insert(fault.headers.end(), more.begin(), more.end());
  fault.body = std::move(body);
  return fault;
}

// PolySimulator's present error form.
Fault Coded(int status, const std::string& code, const std::string& message,
            std::vector<Header> more = {}) {
  more.push_back({"X-Polysim-Code", code});
  more.push_back({"X-Request-Id", "req-catalogue"});
  return Reply(status, kJson, "{\"error\":\"" + code + "\",\"message\":\"" + message + "\"}",
               std::move(more));
}

Fault Of(FaultKind kind) {
  Fault fault;
  fault.kind = kind;
  return fault;
}

Fault Delayed(Duration delay) {
  Fault fault = Of(FaultKind::kPass);
  fault.delay = delay;
  return fault;
}

Fault Garbage() {
  Fault fault = Of(FaultKind::kRaw);
  fault.body = "this is not HTTP\r\n\r\n";
  return fault;
}

// Answer that servers send on a connection that was idle for too long, before they close it.
Fault TimeoutOfAnIdleConnection() {
  Fault fault = Of(FaultKind::kUnasked);
  fault.status = 408;
  return fault;
}

Fault ResetReused() {
  Fault fault = Of(FaultKind::kReset);
  fault.reused_connection_only = true;
  return fault;
}

std::vector<Entry> CommonEntries() {
  return {
      {"200_empty", Reply(200, kJson, "")},
      {"200_empty_object", Reply(200, kJson, "{}")},
      {"200_html", Reply(200, kHtml, "<html><body>Please log in</body></html>")},
      {"200_malformed", Reply(200, kJson, "{\"balances\":[{\"currentBalance\":1")},
      {"truncated", Of(FaultKind::kTruncated)},
      {"cut_chunked", Of(FaultKind::kCutChunked)},
      {"slow_headers", Delayed(std::chrono::seconds(2))},
      {"slow_body", Of(FaultKind::kSlowBody)},
      {"stall_body", Of(FaultKind::kStallBody)},
      {"hang", Of(FaultKind::kHang)},
      {"reset", Of(FaultKind::kReset)},
      {"reset_reused", ResetReused()},
      {"close", Of(FaultKind::kClose)},
      {"garbage", Garbage()},
      {"unasked", Of(FaultKind::kUnasked)},
      {"unasked_408", TimeoutOfAnIdleConnection()},
      {"302_redirect", Reply(302, kHtml, "", {{"Location", "https://example.com/login"}})},
  };
}

std::vector<Entry> PolymarketEntries() {
  const std::string too_many = R"({"status":429,"message":"Too Many Requests"})";
  const std::string banned =
      "<html><head><title>Access denied</title></head><body>error code: 1015</body></html>";
  return {
      {"pm_401_missing", Reply(401, kText, "Missing required API key headers")},
      {"pm_401_unknown", Reply(401, kText, "API key not found\n")},
      {"pm_401_rpc",
       Reply(401, kText, "rpc error: code = Unauthenticated desc = invalid credentials")},
      {"pm_401_timestamp", Reply(401, kJson, R"({"message":"timestamp is too old"})")},
      {"pm_401_signature", Reply(401, kJson, R"({"error":"invalid signature"})")},
      {"pm_401_empty", Reply(401, "", "")},
      {"pm_403_edge", Reply(403, kHtml, "<html><body>Sorry, you have been blocked</body></html>")},
      {"pm_408", Reply(408, "", "")},
      {"pm_409_json", Reply(409, kJson, R"({"code":10,"message":"aborted","details":[]})")},
      {"pm_429_json", Reply(429, kJson, too_many)},
      {"pm_429_retry_after", Reply(429, kJson, too_many, {{"Retry-After", "2"}})},
      {"pm_429_retry_fraction", Reply(429, kJson, too_many, {{"Retry-After", "1.5"}})},
      {"pm_429_retry_date", Reply(429, kJson, too_many, {{"Retry-After", "{date+3}"}})},
      {"pm_1015_html", Reply(429, kHtml, banned, {{"cf-ray", "8c0ffee0ba1ace00-IAD"}})},
      {"pm_1015_text", Reply(429, kText, "error code: 1015")},
      {"pm_500_empty", Reply(500, "", "")},
      {"pm_502_text", Reply(502, kText, "Bad Gateway")},
      {"pm_503_html", Reply(503, kHtml, "<html><body>503 Service Unavailable</body></html>")},
      {"pm_504_json",
       Reply(504, kJson, R"({"code":4,"message":"context deadline exceeded","details":[]})")},
  };
}

std::vector<Entry> PolysimulatorEntries() {
  const std::vector<Header> soon = {{"Retry-After", "1"}};
  return {
      {"ps_401_missing", Coded(401, "MISSING_AUTH", "No credentials supplied")},
      {"ps_401_invalid", Coded(401, "INVALID_KEY", "Invalid API key")},
      {"ps_401_expired", Coded(401, "KEY_EXPIRED", "API key has expired")},
      {"ps_402_upgrade", Reply(402, kJson,
                               R"({"error":"UPGRADE_REQUIRED","message":"This needs a paid plan",)"
                               R"("feature_key":"api_access","upgrade_url":"/pricing"})",
                               {{"X-Polysim-Code", "UPGRADE_REQUIRED"}})},
      {"ps_403_1010", Reply(403, kText, "error code: 1010")},
      {"ps_403_1020", Reply(403, kText, "error code: 1020")},
      {"ps_403_permission", Coded(403, "INSUFFICIENT_PERMISSION", "The key lacks a permission")},
      {"ps_404_account", Coded(404, "ACCOUNT_NOT_FOUND", "No account record")},
      {"ps_404_edge", Reply(404, kText, "404 page not found\n")},
      {"ps_409", Coded(409, "CONFLICT", "Try again", soon)},
      {"ps_422_list", Reply(422, kJson,
                            R"({"detail":[{"loc":["header","x-api-key"],"msg":"Field required",)"
                            R"("type":"missing"}]})")},
      {"ps_425", Coded(425, "TOO_EARLY", "Try again", soon)},
      {"ps_429", Coded(429, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded. Retry after 1s.", soon)},
      {"ps_429_trade", Coded(429, "RATE_LIMITED", "Slow down", soon)},
      {"ps_429_detail",
       Reply(429, kJson, R"({"detail":"Rate limit exceeded. Retry after 1s."})", soon)},
      {"ps_429_human", Reply(429, kJson, R"({"error":"Too many requests"})",
                             {{"Retry-After", "1"}, {"X-Polysim-Code", "RATE_LIMIT_EXCEEDED"}})},
      {"ps_500", Reply(500, kJson, R"({"detail":"Internal Server Error"})")},
      {"ps_502", Reply(502, kText, "Bad Gateway")},
      {"ps_503_busy", Coded(503, "SERVER_BUSY", "The server is busy", soon)},
      {"ps_504", Reply(504, kText, "Gateway Timeout")},
  };
}

const std::vector<Entry>& Catalogue() {
  static const std::vector<Entry> kCatalogue = [] {
    std::vector<Entry> all = CommonEntries();
    for (auto part : {PolymarketEntries(), PolysimulatorEntries()}) {
      std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
  }();
  return kCatalogue;
}

}  // namespace

std::optional<Fault> CatalogueFault(std::string_view name) {
  const auto& all = Catalogue();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const Entry& entry) { return entry.name == name; });
  if (found == all.end()) return std::nullopt;
  return found->fault;
}

std::vector<std::string_view> CatalogueNames() {
  std::vector<std::string_view> names;
  for (const Entry& entry : Catalogue()) names.push_back(entry.name);
  return names;
}

}  // namespace balance::sandbox
