#pragma once

// The executor of an event loop, in the eight bytes of a pointer to it: boost::asio's
// any_io_executor, which takes whatever executor there is, has 56, and every source keeps several.

#include <boost/asio/io_context.hpp>

namespace balance {

using LoopExecutor = boost::asio::io_context::executor_type;

}  // namespace balance
