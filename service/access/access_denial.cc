#include "service/access/access_denial.h"

namespace balance {

std::string_view NameOf(AccessRefusal refusal) {
  switch (refusal) {
    case AccessRefusal::kNothingShown:
      return "NOTHING_SHOWN";
    case AccessRefusal::kMalformedAuthorization:
      return "MALFORMED_AUTHORIZATION";
    case AccessRefusal::kUnknownToken:
      return "UNKNOWN_TOKEN";
    case AccessRefusal::kExpiredToken:
      return "EXPIRED_TOKEN";
    case AccessRefusal::kAmbiguousCertificate:
      return "AMBIGUOUS_CERTIFICATE";
    case AccessRefusal::kUnknownCertificate:
      return "UNKNOWN_CERTIFICATE";
    case AccessRefusal::kMethodNotAllowed:
      return "METHOD_NOT_ALLOWED";
    case AccessRefusal::kAccountNotAllowed:
      return "ACCOUNT_NOT_ALLOWED";
  }
  return "UNSPECIFIED";
}

std::string_view Explain(AccessRefusal refusal) {
  switch (refusal) {
    case AccessRefusal::kNothingShown:
      return "the call shows neither a token nor a client certificate; send \"authorization: "
             "Bearer TOKEN\" or connect with a certificate";
    case AccessRefusal::kMalformedAuthorization:
      return "the call's authorization is not one \"Bearer TOKEN\"; send exactly that";
    case AccessRefusal::kUnknownToken:
      return "the token is not known here; ask the operator of this service for one";
    case AccessRefusal::kExpiredToken:
      return "the token has expired; ask the operator of this service for a new one";
    case AccessRefusal::kAmbiguousCertificate:
      return "the client certificate does not name one caller; use one with exactly one URI, a "
             "SPIFFE id, or with no URI and exactly one DNS name";
    case AccessRefusal::kUnknownCertificate:
      return "the client certificate is good, but no caller of this service; ask its operator for "
             "access";
    case AccessRefusal::kMethodNotAllowed:
      return "this caller may not use this method; ask the operator of this service for access";
    case AccessRefusal::kAccountNotAllowed:
      return "this caller may not see this account; ask the operator of this service for access";
  }
  return "";
}

}  // namespace balance
