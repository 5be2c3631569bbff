#include "service/rpc/snapshot_bytes.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "proto/balance_v1.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr auto kServeTimeTag = WireFormatLite::MakeTag(v1::AccountSnapshot::kServeTimeFieldNumber,
                                                       WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr int kSnapshotsField = v1::BatchGetAccountSnapshotsResponse::kSnapshotsFieldNumber;
static_assert(int{v1::ListAccountSnapshotsResponse::kSnapshotsFieldNumber} == kSnapshotsField);
constexpr auto kSnapshotsTag =
    WireFormatLite::MakeTag(kSnapshotsField, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
// Each takes one byte.
static_assert(kServeTimeTag < 0x80 && kSnapshotsTag < 0x80);

// AccountSnapshot.serve_time as bytes of the message: fields may come in any order, so it stands
// behind the rest.
class ServeTimeField {
 public:
  explicit ServeTimeField(WallTime serve_time) {
    const google::protobuf::Timestamp time = ToTimestamp(serve_time);
    std::uint8_t* end = &bytes_[2];
    if (time.seconds() != 0) {
      end = WireFormatLite::WriteInt64ToArray(time.kSecondsFieldNumber, time.seconds(), end);
    }
    if (time.nanos() != 0) {
      end = WireFormatLite::WriteInt32ToArray(time.kNanosFieldNumber, time.nanos(), end);
    }
    bytes_[0] = kServeTimeTag;
    bytes_[1] = static_cast<std::uint8_t>(end - &bytes_[2]);
    size_ = static_cast<std::size_t>(end - bytes_.data());
  }

  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return size_; }

 private:
  // Two varints with their tags, behind the tag of both and their size.
  std::array<std::uint8_t, kServeTimeBytes> bytes_{};
  std::size_t size_ = 0;
};

std::uint8_t* Write(const void* bytes, std::size_t size, std::uint8_t* to) {
  if (size > 0) std::memcpy(to, bytes, size);
  return to + size;
}

// Size of one element of `snapshots`: tag, size, bytes and serve time.
std::size_t ElementSize(std::size_t snapshot_size) {
  return 1 + CodedOutputStream::VarintSize32(static_cast<std::uint32_t>(snapshot_size)) +
         snapshot_size;
}

}  // namespace

Response ResponseOf(SharedBytes snapshot, WallTime serve_time) {
  static_assert(kServeTimeBytes <= Response::kMostTailBytes);
  const ServeTimeField last(serve_time);
  return {std::move(snapshot), {last.data(), last.size()}};
}

StreamMessage SnapshotEvent(const ServedSnapshot& snapshot, std::int64_t skipped) {
  using Event = v1::WatchAccountSnapshotsResponse;
  // The tags of both fields take one byte each, and the messages call the field alike.
  constexpr auto kEventTimeTag = WireFormatLite::MakeTag(Event::kServeTimeFieldNumber,
                                                         WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  static_assert(kEventTimeTag < 0x80);
  const ServeTimeField serve_time(snapshot.serve_time);
  std::array<std::uint8_t, StreamMessage::kMostHeadBytes> head;
  std::uint8_t* head_end = WireFormatLite::WriteTagToArray(
      Event::kSnapshotFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, head.data());
  head_end = CodedOutputStream::WriteVarint32ToArray(
      static_cast<std::uint32_t>(snapshot.bytes.size() + serve_time.size()), head_end);

  std::array<std::uint8_t, StreamMessage::kMostTailBytes> tail;
  std::uint8_t* end = Write(serve_time.data(), serve_time.size(), tail.data());
  std::uint8_t* const event_time = end;
  end = Write(serve_time.data(), serve_time.size(), end);
  *event_time = kEventTimeTag;
  if (skipped != 0) {
    end = WireFormatLite::WriteInt64ToArray(Event::kSkippedFieldNumber, skipped, end);
  }
  return {{head.data(), static_cast<std::size_t>(head_end - head.data())},
          snapshot.bytes,
          {tail.data(), static_cast<std::size_t>(end - tail.data())}};
}

bool SnapshotsResponse::Add(ServedSnapshot snapshot) {
  size_ += ElementSize(snapshot.bytes.view().size() + ServeTimeField(snapshot.serve_time).size());
  if (size_ > most_bytes_) return false;
  snapshots_.push_back(std::move(snapshot));
  return true;
}

std::optional<Response> SnapshotsResponse::Make(const google::protobuf::MessageLite& rest) const {
  const std::size_t size = size_ + rest.ByteSizeLong();
  if (size > most_bytes_) return std::nullopt;
  return Response(SharedBytes(size, [&](std::uint8_t* to) {
    for (const ServedSnapshot& snapshot : snapshots_) {
      const ServeTimeField serve_time(snapshot.serve_time);
      const std::string_view content = snapshot.bytes.view();
      *to++ = kSnapshotsTag;
      to = CodedOutputStream::WriteVarint32ToArray(
          static_cast<std::uint32_t>(content.size() + serve_time.size()), to);
      to = Write(content.data(), content.size(), to);
      to = Write(serve_time.data(), serve_time.size(), to);
    }
    rest.SerializeWithCachedSizesToArray(to);
  }));
}

}  // namespace balance
