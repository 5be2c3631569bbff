#include "service/config/config_block.h"

#include <utility>

#include "balance/config/v1/config.pb.h"
#include "service/config/join_words.h"
#include "service/config/json_text.h"

namespace balance {
namespace {

namespace schema = config::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Of a source: it stands in the file under the keys of the venues.
const FieldDescriptor* LoginOfSource() {
  return schema::Source::descriptor()->FindFieldByNumber(schema::Source::kLoginFieldNumber);
}

const FieldDescriptor* BaseUrlOfLogin() {
  return schema::Login::descriptor()->FindFieldByNumber(schema::Login::kBaseUrlFieldNumber);
}

// One of the secrets of a login, which stand in the file beside its base URL.
const FieldDescriptor* SecretOfLogin() {
  return schema::Login::descriptor()
      ->FindFieldByNumber(schema::Login::kSecretsFieldNumber)
      ->message_type()
      ->map_value();
}

std::vector<std::string> KeysOf(const Venues& venues) {
  std::vector<std::string> keys;
  for (const Venue* venue : venues) keys.emplace_back(venue->facts().key);
  return keys;
}

// Takes the login out of the keys of the venues.
void NameLogin(const Venues& venues, std::map<std::string, std::string>& members) {
  for (const Venue* venue : venues) {
    auto login = members.extract(std::string(venue->facts().key));
    if (login.empty()) continue;
    login.key() = LoginOfSource()->name();
    members.insert(std::move(login));
  }
}

std::string LoginJson(const Venue& venue, std::map<std::string, std::string> members) {
  std::map<std::string, std::string> login = {{"venue", JsonString(venue.facts().key)}};
  if (auto base_url = members.extract(BaseUrlOfLogin()->name()); !base_url.empty()) {
    login.insert(std::move(base_url));
  }
  login["secrets"] = JsonObject(members);
  return JsonObject(login);
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

std::vector<std::vector<std::string>> ConfigBlock::Alternatives() const {
  if (type_ == schema::Source::descriptor()) return {KeysOf(*venues_)};
  std::vector<std::vector<std::string>> alternatives;
  for (int i = 0; i < type_->real_oneof_decl_count(); ++i) {
    auto& keys = alternatives.emplace_back();
    for (int j = 0; j < type_->oneof_decl(i)->field_count(); ++j) {
      keys.push_back(type_->oneof_decl(i)->field(j)->name());
    }
  }
  return alternatives;
}

std::string ConfigBlock::Json(std::map<std::string, std::string> members) const {
  if (venue_) return LoginJson(*venue_, std::move(members));
  if (type_ == schema::Source::descriptor()) NameLogin(*venues_, members);
  return JsonObject(members);
}

bool ConfigBlock::IsSecret() const { return type_ == schema::Secret::descriptor(); }

}  // namespace balance
