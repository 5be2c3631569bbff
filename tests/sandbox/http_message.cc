#include "tests/sandbox/http_message.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace balance::sandbox {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

const Header* FindHeader(const std::vector<Header>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const Header& header) {
    return SameName(header.name, name);
  });
  return found == headers.end() ? nullptr : &*found;
}

std::string_view Reason(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 422:
      return "Unprocessable Entity";
    case 425:
      return "Too Early";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace

std::string_view HttpCall::HeaderValue(std::string_view name) const {
  const Header* header = FindHeader(headers, name);
  return header ? std::string_view(header->value) : std::string_view();
}

bool HttpCall::HasHeader(std::string_view name) const { return FindHeader(headers, name); }

std::string_view HttpCall::QueryValue(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

bool IsWebSocketUpgrade(const HttpCall& call) {
  return call.method == "GET" && SameName(call.HeaderValue("Upgrade"), "websocket") &&
         call.HeaderValue("Sec-WebSocket-Version") == "13" && call.HasHeader("Sec-WebSocket-Key");
}

HttpReply JsonReply(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

HttpReply TextReply(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

std::string HeadText(int status, const std::vector<Header>& headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(Reason(status)).append("\r\n");
  for (const Header& header : headers) {
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  return text;
}

}  // namespace balance::sandbox
