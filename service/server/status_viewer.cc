#include "service/server/status_viewer.h"

#include <utility>

#include "service/server/status_html.h"
#include "service/server/status_query.h"

namespace balance {

StatusViewer::StatusViewer(std::function<StatusFacts()> look, const Clock& clock)
    : look_(std::move(look)), clock_(clock) {}

StatusViewer::Judged::Judged(StatusFacts all)
    : facts(std::move(all)), overview(std::move(facts.sources), facts.kinds, facts.now) {}

AdminAnswer StatusViewer::Render(const std::string& query) {
  if (!judged_ || clock_.SteadyNow() - judged_->facts.now.steady >= kKept) {
    judged_ = std::make_unique<const Judged>(look_());
  }
  return {200,
          "text/html; charset=utf-8",
          RenderStatusHtml(judged_->facts, judged_->overview, StatusQuery::Parse(query)),
          {{"Content-Security-Policy", StatusPagePolicy()},
           {"X-Content-Type-Options", "nosniff"},
           {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace balance
