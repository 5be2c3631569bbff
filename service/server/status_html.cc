#include "service/server/status_html.h"

#include <sodium.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "clients/core/time_text.h"
#include "service/server/html_text.h"
#include "service/server/status_assets.h"
#include "service/server/status_plot.h"
#include "service/server/status_table.h"
#include "service/server/status_text.h"

namespace balance {
namespace {

std::string LinkTo(StatusQuery query, std::size_t page, std::string_view id,
                   std::string_view text) {
  query.page = page;
  return fmt::format("<a id={} href=\"?{}\">{}</a>", id, EscapeHtml(query.ToString()), text);
}

std::string HtmlHead(const StatusFacts& facts, const StatusOverview& overview) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
      "<meta name=color-scheme content=\"light dark\">\n"
      "<meta name=robots content=noindex>\n<link rel=icon href=\"data:,\">\n"
      "<title>{}Balance service {}</title>\n<style>{}</style>\n</head>\n",
      overview.troubled() > 0 ? fmt::format("({}) ", overview.troubled()) : "",
      EscapeHtml(facts.version), kStatusStyle);
}

std::string HtmlHeader(const StatusFacts& facts, const StatusQuery& query) {
  return fmt::format(
      "<header><h1>Balance service</h1><span class=faint>{}</span>"
      "<a href=\"?format=json\">JSON</a><a href=\"/metrics\">metrics</a>"
      "<span id=live role=status><noscript>Reload the page to renew it: scripts are off."
      "</noscript></span></header>\n"
      "<form method=get><label>Source <input type=search name=find value=\"{}\" "
      "maxlength={}></label>"
      "<label><input type=checkbox name=show value=troubled{}> only those with trouble</label>"
      "<button>Show</button></form>\n",
      EscapeHtml(facts.version), EscapeHtml(query.find), StatusQuery::kMostFindBytes,
      query.only_troubled ? " checked" : "");
}

std::string HtmlSummary(const StatusFacts& facts, const StatusOverview& overview) {
  std::string out = fmt::format("<p class=faint>As of {}. ", UtcText(facts.now.wall));
  out += facts.is_ready
             ? "<span class=\"word good\">Serving.</span> "
             : "<span class=\"word bad\">Not serving: callers are told to go elsewhere.</span> ";
  out += overview.troubled() == 0
             ? fmt::format("<span class=\"word good\">No trouble</span> with {} sources.</p>\n",
                           overview.rows().size())
             : fmt::format("<span class=\"word bad\">{} of {} sources have trouble.</span></p>\n",
                           overview.troubled(), overview.rows().size());
  return out;
}

std::string HtmlPlots(const StatusFacts& facts, const StatusOverview& overview) {
  const auto has_sources = [&](const NamedKind& named) {
    return std::any_of(overview.kinds().begin(), overview.kinds().end(),
                       [&](const StatusOverview::Kind& kind) { return kind.name == named.name; });
  };
  std::vector<PlotLine> times;
  std::vector<PlotLine> ages;
  int colour = 0;
  for (const NamedKind& named : facts.kinds) {
    const auto history = facts.history.find(named.kind);
    if (history == facts.history.end() || !has_sources(named)) continue;
    PlotLine slowest{named.name + ", slowest", colour % 4, false, {}};
    PlotLine mean{named.name + ", mean", colour % 4, true, {}};
    PlotLine oldest{named.name, colour % 4, false, {}};
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    for (const RefreshHistory::Step& step : history->second) {
      slowest.seconds.push_back(step.ended > 0 ? seconds(step.slowest) : -1);
      mean.seconds.push_back(step.ended > 0 ? seconds(step.total / step.ended) : -1);
      oldest.seconds.push_back(step.oldest ? seconds(*step.oldest) : -1);
    }
    times.push_back(std::move(slowest));
    times.push_back(std::move(mean));
    ages.push_back(std::move(oldest));
    ++colour;
  }
  return "<h2>Last minutes</h2><div class=panels>" + RenderPlot("Time that refreshes took", times) +
         RenderPlot("Age of the oldest reading that somebody wants", ages) + "</div>\n";
}

std::string HtmlPages(const StatusOverview::Page& page, const StatusQuery& query) {
  if (page.count == 1) return "";
  std::string out = fmt::format("<nav aria-label=Pages>Page {} of {}", page.number, page.count);
  if (page.number > 1) {
    out += LinkTo(query, 1, "first", "first");
    out += LinkTo(query, page.number - 1, "previous", "previous");
  }
  if (page.number < page.count) {
    out += LinkTo(query, page.number + 1, "next", "next");
    out += LinkTo(query, page.count, "last", "last");
  }
  return out + "</nav>\n";
}

std::string HtmlSources(const StatusFacts& facts, const StatusOverview& overview,
                        const StatusQuery& query) {
  const StatusOverview::Page page = overview.Find(query);
  std::string out = "<h2>Sources</h2>\n";
  if (page.total == 0) return out + "<p>No source is like that.</p>\n";
  out += SourceTable(page.rows, facts.now,
                     fmt::format("{} of {} sources, those with trouble first", page.total,
                                 overview.rows().size()));
  return out + HtmlPages(page, query);
}

std::string HtmlSections(const std::vector<StatusSection>& sections) {
  std::string out = "<div class=panels>";
  for (const StatusSection& section : sections) {
    out += fmt::format("<section><h2>{}</h2><dl>", EscapeHtml(section.title));
    for (const auto& [name, value] : section.rows) {
      out += fmt::format("<dt>{}</dt><dd>{}</dd>", EscapeHtml(name), EscapeHtml(value));
    }
    out += "</dl></section>";
  }
  return out + "</div>\n";
}

std::string HashSource(std::string_view text) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::array<char,
             sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)>
      encoded;
  sodium_bin2base64(encoded.data(), encoded.size(), hash.data(), hash.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  return std::string("'sha256-") + encoded.data() + "'";
}

}  // namespace

std::string RenderStatusHtml(const StatusFacts& facts, const StatusOverview& overview,
                             const StatusQuery& query) {
  std::string out = HtmlHead(facts, overview);
  out += "<body>\n" + HtmlHeader(facts, query);
  out += fmt::format("<main data-time=\"{}\">\n", UtcText(facts.now.wall));
  out += HtmlSummary(facts, overview);
  out += KindTable(overview.kinds());
  out += HtmlPlots(facts, overview);
  out += HtmlSources(facts, overview, query);
  out += HtmlSections(facts.sections);
  out += ConnectionTable(facts.connections, kMostConnectionsShown);
  out += fmt::format("</main>\n<script>{}</script>\n</body>\n</html>\n", kStatusScript);
  return out;
}

const std::string& StatusPagePolicy() {
  static const std::string policy =
      "default-src 'none'; script-src " + HashSource(kStatusScript) + "; style-src " +
      HashSource(kStatusStyle) +
      "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
      "frame-ancestors 'none'";
  return policy;
}

}  // namespace balance
