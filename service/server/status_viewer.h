#pragma once

// The status page as the admin server asks for it.

#include <functional>
#include <memory>
#include <string>

#include "clients/core/clock.h"
#include "service/server/admin_page.h"
#include "service/server/status_facts.h"
#include "service/server/status_overview.h"

namespace balance {

// Used on one thread at a time. To judge thousands of sources takes longer than to write a page of
// them, so that what was judged serves all who ask within kKept, whichever page they look at:
// however many look on, it is done a few times a second.
class StatusViewer {
 public:
  static constexpr Duration kKept = std::chrono::milliseconds(250);

  // `look` gathers the facts of that moment; `clock` must outlive the viewer.
  StatusViewer(std::function<StatusFacts()> look, const Clock& clock);

  // `query` is one of StatusQuery::ToString().
  AdminAnswer Render(const std::string& query);

 private:
  // Facts, whose sources are in the overview.
  struct Judged {
    explicit Judged(StatusFacts all);

    StatusFacts facts;
    StatusOverview overview;
  };

  const std::function<StatusFacts()> look_;
  const Clock& clock_;
  // Null until somebody asks.
  std::unique_ptr<const Judged> judged_;
};

}  // namespace balance
