#include "service/transport/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <cassert>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "service/transport/proto_messages.h"

namespace balance {
namespace {

// v1alpha differs in the name alone.
namespace v1 = grpc::reflection::v1;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// Questions of a stream whose peer does not take the answers; a tool asks one thing after the
// other. A question is the name of a file or a symbol.
constexpr std::size_t kMostWaiting = 16;
constexpr std::size_t kMostQuestionBytes = 1024;

class Schema {
 public:
  explicit Schema(std::vector<std::string> services) : services_(std::move(services)) {
    for (const std::string& service : services_) {
      const FileDescriptor* const file = pool_.FindFileContainingSymbol(service);
      assert(file);
      AddWithImports(*file);
    }
  }

  v1::ServerReflectionResponse Answer(const v1::ServerReflectionRequest& request) const {
    using Request = v1::ServerReflectionRequest;
    v1::ServerReflectionResponse response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    switch (request.message_request_case()) {
      case Request::kFileByFilename:
        PutFile(pool_.FindFileByName(request.file_by_filename()), response);
        break;
      case Request::kFileContainingSymbol:
        PutFile(pool_.FindFileContainingSymbol(request.file_containing_symbol()), response);
        break;
      case Request::kFileContainingExtension:
        PutFile(FileOf(request.file_containing_extension()), response);
        break;
      case Request::kAllExtensionNumbersOfType:
        PutExtensions(request.all_extension_numbers_of_type(), response);
        break;
      case Request::kListServices:
        for (const std::string& name : services_) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        break;
      case Request::MESSAGE_REQUEST_NOT_SET:
        PutError(StatusCode::kInvalidArgument, "the request asks nothing", response);
        break;
    }
    return response;
  }

 private:
  void AddWithImports(const FileDescriptor& file) {
    if (!files_.insert(&file).second) return;
    for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i));
  }

  bool Knows(const FileDescriptor* file) const { return file && files_.contains(file); }

  const FileDescriptor* FileOf(const v1::ExtensionRequest& asked) const {
    const Descriptor* const type = pool_.FindMessageTypeByName(asked.containing_type());
    if (!type) return nullptr;
    const FieldDescriptor* const found =
        pool_.FindExtensionByNumber(type, asked.extension_number());
    return found ? found->file() : nullptr;
  }

  void PutFile(const FileDescriptor* file, v1::ServerReflectionResponse& response) const {
    if (!Knows(file)) return PutError(StatusCode::kNotFound, "there is no such file", response);
    std::set<const FileDescriptor*> put;
    Put(*file, put, *response.mutable_file_descriptor_response());
  }

  static void Put(const FileDescriptor& file, std::set<const FileDescriptor*>& put,
                  v1::FileDescriptorResponse& response) {
    if (!put.insert(&file).second) return;
    google::protobuf::FileDescriptorProto proto;
    file.CopyTo(&proto);
    response.add_file_descriptor_proto(proto.SerializeAsString());
    for (int i = 0; i < file.dependency_count(); ++i) Put(*file.dependency(i), put, response);
  }

  void PutExtensions(const std::string& name, v1::ServerReflectionResponse& response) const {
    const Descriptor* const type = pool_.FindMessageTypeByName(name);
    if (!type || !Knows(type->file())) {
      return PutError(StatusCode::kNotFound, "there is no such message", response);
    }
    std::vector<const FieldDescriptor*> found;
    pool_.FindAllExtensions(type, &found);
    auto& numbers = *response.mutable_all_extension_numbers_response();
    numbers.set_base_type_name(name);
    for (const FieldDescriptor* field : found) {
      if (Knows(field->file())) numbers.add_extension_number(field->number());
    }
  }

  static void PutError(StatusCode code, std::string message,
                       v1::ServerReflectionResponse& response) {
    auto& error = *response.mutable_error_response();
    error.set_error_code(static_cast<int>(code));
    error.set_error_message(std::move(message));
  }

  const DescriptorPool& pool_ = *DescriptorPool::generated_pool();
  const std::vector<std::string> services_;
  std::set<const FileDescriptor*> files_;
};

// Keeps questions, not answers, which are a thousand times longer: an answer is made when its peer
// takes it.
class Session final : public StreamHandler {
 public:
  Session(std::shared_ptr<const Schema> schema, std::function<bool()> is_served)
      : schema_(std::move(schema)), is_served_(std::move(is_served)) {}

  void Begin(ServerStream& stream) { stream_ = &stream; }

  void OnMessage(std::string_view message) override {
    if (is_served_ && !is_served_()) {
      return stream_->Abort({StatusCode::kUnimplemented, "reflection was turned off", {}});
    }
    if (waiting_.size() >= kMostWaiting || message.size() > kMostQuestionBytes) {
      return stream_->Abort({StatusCode::kResourceExhausted,
                             "a question is too long, or too many answers have not been taken; "
                             "read them before asking on",
                             {}});
    }
    waiting_.emplace_back(message);
    WriteNext();
  }

  void OnMessagesEnd() override {
    has_ended_ = true;
    WriteNext();
  }

  void OnWritable() override { WriteNext(); }

 private:
  void WriteNext() {
    while (!waiting_.empty()) {
      // The answer was made before, and found no room.
      if (next_size_ > 0 && !stream_->CanWrite(next_size_)) return;
      v1::ServerReflectionRequest request;
      if (!ParseBytes(waiting_.front(), request)) {
        return stream_->Abort(
            {StatusCode::kInvalidArgument, "a message is not a ServerReflectionRequest", {}});
      }
      SharedBytes answer = BytesOf(schema_->Answer(request));
      next_size_ = answer.size();
      if (!stream_->CanWrite(next_size_)) return;
      stream_->Write(std::move(answer));
      waiting_.pop_front();
      next_size_ = 0;
    }
    if (has_ended_) stream_->Finish({});
  }

  const std::shared_ptr<const Schema> schema_;
  const std::function<bool()> is_served_;
  ServerStream* stream_ = nullptr;
  std::deque<std::string> waiting_;
  // Of the answer to the first that waits; 0: not known.
  std::size_t next_size_ = 0;
  bool has_ended_ = false;
};

}  // namespace

void AddReflectionService(MethodTable& methods, const std::vector<std::string>& services,
                          const std::function<bool()>& is_served) {
  // Names a message of the older file, so that the linker keeps its descriptors.
  [[maybe_unused]] const auto* const older =
      grpc::reflection::v1alpha::ServerReflectionRequest::descriptor();
  std::vector<std::string> all = services;
  const std::vector<std::string> own = {"grpc.reflection.v1.ServerReflection",
                                        "grpc.reflection.v1alpha.ServerReflection"};
  all.insert(all.end(), own.begin(), own.end());
  const auto schema = std::make_shared<const Schema>(std::move(all));
  for (const std::string& service : own) {
    methods.Add({service, "ServerReflectionInfo", MethodKind::kBidiStreaming,
                 [schema, is_served](Call& call) {
                   auto session = std::make_unique<Session>(schema, is_served);
                   Session& opened = *session;
                   opened.Begin(call.Open(std::move(session)));
                 },
                 is_served});
  }
}

}  // namespace balance
