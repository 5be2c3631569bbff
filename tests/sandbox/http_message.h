#pragma once

// A request as received and a reply as meant: plain values of the sandbox's HTTP servers.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace balance::sandbox {

struct Header {
  std::string name;
  std::string value;
};

struct HttpCall {
  std::string method;
  // The request target up to '?', and after it. Both as received.
  std::string path;
  std::string query;
  std::vector<Header> headers;
  std::string body;
  // Number of the connection, from 1, and of this request on it, from 1.
  std::uint64_t connection = 0;
  std::uint64_t number_on_connection = 0;

  // Value of the first header of that name (case-insensitive); empty if there is none.
  std::string_view HeaderValue(std::string_view name) const;
  bool HasHeader(std::string_view name) const;
  // The value of `name` in the query, percent-escapes left alone; empty if there is none.
  std::string_view QueryValue(std::string_view name) const;
};

// True if the call asks for a WebSocket as RFC 6455 wants it.
bool IsWebSocketUpgrade(const HttpCall& call);

struct HttpReply {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
};

HttpReply JsonReply(int status, std::string body);
HttpReply TextReply(int status, std::string body);

// "HTTP/1.1 STATUS REASON" and the headers, each with its CRLF, without the empty line.
std::string HeadText(int status, const std::vector<Header>& headers);

}  // namespace balance::sandbox
