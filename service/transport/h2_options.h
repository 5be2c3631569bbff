#pragma once

// nghttp2's callbacks and options, which all connections of a loop share.

#include <nghttp2/nghttp2.h>

#include <memory>

#include "service/transport/transport_limits.h"

namespace balance {

// Immutable once made.
class H2Options {
 public:
  // Throws std::bad_alloc if nghttp2 is out of memory.
  explicit H2Options(const TransportLimits& limits);

  const nghttp2_session_callbacks* callbacks() const { return callbacks_.get(); }
  const nghttp2_option* options() const { return options_.get(); }

 private:
  struct Free {
    void operator()(nghttp2_session_callbacks* callbacks) const {
      nghttp2_session_callbacks_del(callbacks);
    }
    void operator()(nghttp2_option* options) const { nghttp2_option_del(options); }
  };

  std::unique_ptr<nghttp2_session_callbacks, Free> callbacks_;
  std::unique_ptr<nghttp2_option, Free> options_;
};

}  // namespace balance
