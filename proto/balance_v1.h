#pragma once

// The messages of balance.v1, to be included in place of balance_service.pb.h: <netdb.h>, which
// Boost.Asio and many others include, has a macro NO_DATA that breaks the enum value of that name.
// Where that macro is in force, write SourceBalance_State_NO_DATA.

#pragma push_macro("NO_DATA")
#undef NO_DATA
#include "balance/v1/balance_service.pb.h"  // IWYU pragma: export
#pragma pop_macro("NO_DATA")
