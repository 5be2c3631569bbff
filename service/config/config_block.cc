#include "service/config/config_block.h"

#include "balance/config/v1/config.pb.h"
#include "service/config/join_words.h"

namespace balance {
namespace {

namespace schema = config::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Of a source: it stands in the file under the keys of the venues.
const FieldDescriptor* LoginOfSource() {
  static const auto* const field =
      schema::Source::descriptor()->FindFieldByNumber(schema::Source::kLoginFieldNumber);
  return field;
}

const FieldDescriptor* BaseUrlOfLogin() {
  static const auto* const field =
      schema::Login::descriptor()->FindFieldByNumber(schema::Login::kBaseUrlFieldNumber);
  return field;
}

// One of the secrets of a login, which stand in the file beside its base URL.
const FieldDescriptor* SecretOfLogin() {
  static const auto* const field = schema::Login::descriptor()
                                       ->FindFieldByNumber(schema::Login::kSecretsFieldNumber)
                                       ->message_type()
                                       ->map_value();
  return field;
}

std::vector<std::string> KeysOf(const Venues& venues) {
  std::vector<std::string> keys;
  for (const Venue* venue : venues) keys.emplace_back(venue->facts().key);
  return keys;
}

}  // namespace

std::string VenueKeys(const Venues& venues) { return JoinWords(KeysOf(venues), "or"); }

std::vector<std::string> ConfigBlock::Keys() const {
  std::vector<std::string> keys;
  if (venue_) {
    keys.push_back(BaseUrlOfLogin()->name());
    for (const auto& field : venue_->facts().login) keys.emplace_back(field.key);
    return keys;
  }
  for (int i = 0; i < type_->field_count(); ++i) {
    if (type_->field(i) != LoginOfSource()) {
      keys.push_back(type_->field(i)->name());
      continue;
    }
    for (std::string& key : KeysOf(*venues_)) keys.push_back(std::move(key));
  }
  return keys;
}

const FieldDescriptor* ConfigBlock::Find(const std::string& key) const {
  if (venue_) {
    if (key == BaseUrlOfLogin()->name()) return BaseUrlOfLogin();
    for (const auto& field : venue_->facts().login) {
      if (key == field.key) return SecretOfLogin();
    }
    return nullptr;
  }
  const FieldDescriptor* field = type_->FindFieldByName(key);
  if (type_ != schema::Source::descriptor()) return field;
  if (FindVenue(*venues_, key)) return LoginOfSource();
  return field == LoginOfSource() ? nullptr : field;
}

ConfigBlock ConfigBlock::Below(const std::string& key, const FieldDescriptor& field) const {
  const bool is_login = &field == LoginOfSource();
  return {*field.message_type(), *venues_, is_login ? FindVenue(*venues_, key) : nullptr};
}

bool ConfigBlock::HasAlternatives(const FieldDescriptor& field) {
  return &field == LoginOfSource() || field.real_containing_oneof() != nullptr;
}

std::vector<std::string> ConfigBlock::Alternatives(const std::string& key) const {
  const FieldDescriptor* const field = Find(key);
  if (!field) return {};
  if (field == LoginOfSource()) return KeysOf(*venues_);
  std::vector<std::string> keys;
  if (const auto* const oneof = field->real_containing_oneof()) {
    for (int i = 0; i < oneof->field_count(); ++i) keys.push_back(oneof->field(i)->name());
  }
  return keys;
}

Message& ConfigBlock::Place(const std::string& key, const FieldDescriptor& field,
                            Message& message) {
  if (&field == SecretOfLogin()) {
    return (*dynamic_cast<schema::Login&>(message).mutable_secrets())[key];
  }
  const auto& reflection = *message.GetReflection();
  if (field.is_repeated()) return *reflection.AddMessage(&message, &field);
  Message& below = *reflection.MutableMessage(&message, &field);
  if (&field == LoginOfSource()) dynamic_cast<schema::Login&>(below).set_venue(key);
  return below;
}

void ConfigBlock::ClearAlternatives(const FieldDescriptor& field, Message& message) {
  const auto& reflection = *message.GetReflection();
  if (const auto* const oneof = field.real_containing_oneof()) {
    reflection.ClearOneof(&message, oneof);
  } else {
    reflection.ClearField(&message, &field);
  }
}

bool ConfigBlock::IsSecret() const { return type_ == schema::Secret::descriptor(); }

}  // namespace balance
