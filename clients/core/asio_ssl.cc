// The one place where Boost.Asio's TLS sources are compiled.
#include <boost/asio/ssl/impl/src.hpp>
