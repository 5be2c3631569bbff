#include "clients/redis/redis_command.h"

#include <hiredis/hiredis.h>
#include <sodium.h>

#include <new>
#include <utility>

#include "clients/core/secret.h"

namespace balance {

void AppendSecret(std::string& out, std::string_view bytes) {
  if (out.capacity() - out.size() < bytes.size()) {
    std::string larger;
    larger.reserve(2 * (out.size() + bytes.size()));
    larger.append(out);
    Wipe(out);
    out = std::move(larger);
  }
  out.append(bytes);
}

void AppendCommand(std::string& out, const std::vector<std::string_view>& parts) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view part : parts) {
    texts.push_back(part.data());
    sizes.push_back(part.size());
  }
  char* command = nullptr;
  const int size =
      redisFormatCommandArgv(&command, static_cast<int>(parts.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  AppendSecret(out, {command, static_cast<std::size_t>(size)});
  // It may hold a password.
  sodium_memzero(command, static_cast<std::size_t>(size));
  redisFreeCommand(command);
}

}  // namespace balance
