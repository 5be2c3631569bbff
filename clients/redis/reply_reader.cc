#include "clients/redis/reply_reader.h"

#include <hiredis/read.h>

#include <new>
#include <utility>

namespace balance {
namespace {

using Type = RedisReply::Type;

Type TypeOf(int type) {
  switch (type) {
    case REDIS_REPLY_STRING:
      return Type::kText;
    case REDIS_REPLY_STATUS:
      return Type::kStatus;
    case REDIS_REPLY_ERROR:
      return Type::kError;
    case REDIS_REPLY_INTEGER:
      return Type::kInteger;
    case REDIS_REPLY_ARRAY:
      return Type::kArray;
    default:
      return Type::kNil;
  }
}

// Where the reply that `task` reads belongs: into its array, or by itself.
RedisReply* Place(const redisReadTask* task) {
  if (!task->parent) return new RedisReply;
  auto* const array = static_cast<RedisReply*>(task->parent->obj);
  return &array->elements[static_cast<std::size_t>(task->idx)];
}

// hiredis calls these from C, through which no exception may pass. Null: out of memory, which
// breaks the reader.
template <typename Fill>
void* Made(const redisReadTask* task, Fill fill) {
  try {
    RedisReply* const reply = Place(task);
    reply->type = TypeOf(task->type);
    fill(*reply);
    return reply;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* MakeText(const redisReadTask* task, char* text, std::size_t size) {
  return Made(task, [&](RedisReply& reply) { reply.text.assign(text, size); });
}

// `privdata` counts the elements of the whole reply.
void* MakeArray(const redisReadTask* task, int elements) {
  auto& total = *static_cast<std::size_t*>(task->privdata);
  total += static_cast<std::size_t>(elements);
  if (total > ReplyReader::kMostElements) return nullptr;
  return Made(
      task, [&](RedisReply& reply) { reply.elements.resize(static_cast<std::size_t>(elements)); });
}

void* MakeInteger(const redisReadTask* task, long long value) {
  return Made(task, [&](RedisReply& reply) { reply.integer = value; });
}

void* MakeNil(const redisReadTask* task) {
  // Also of what would have been a text or an array.
  return Made(task, [](RedisReply& reply) { reply.type = Type::kNil; });
}

// Of a whole reply only: its parts are its own.
void FreeReply(void* reply) { delete static_cast<RedisReply*>(reply); }

redisReplyObjectFunctions& Functions() {
  static redisReplyObjectFunctions functions{MakeText, MakeArray, MakeInteger, MakeNil, FreeReply};
  return functions;
}

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&Functions())) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = &elements_;
}

ReplyReader::~ReplyReader() = default;

bool ReplyReader::Feed(std::string_view bytes) {
  if (is_broken_) return false;
  pending_bytes_ += bytes.size();
  is_broken_ = redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK;
  return !is_broken_;
}

std::optional<RedisReply> ReplyReader::Next() {
  if (is_broken_) return std::nullopt;
  void* object = nullptr;
  if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) {
    is_broken_ = true;
    return std::nullopt;
  }
  if (!object) {
    is_broken_ = pending_bytes_ > kMostBytes;
    return std::nullopt;
  }
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(object));
  elements_ = 0;
  pending_bytes_ = reader_->len - reader_->pos;
  return std::move(*reply);
}

}  // namespace balance
