#include "replicator/config/bootstrap_servers.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace replicator {
namespace {

absl::Status Refuse(absl::string_view server, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("names `", absl::Utf8SafeCEscape(server), "`, ", reason));
}

bool IsHostCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-._%", absl::string_view(&c, 1));
}

bool IsHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]")) return false;
    return !host.empty() &&
           std::all_of(host.begin(), host.end(), [](char c) { return c == ':' || IsHostCharacter(c); });
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), IsHostCharacter);
}

absl::StatusOr<std::string> ParseServer(absl::string_view server) {
  absl::string_view rest = server;
  const size_t scheme_end = rest.find("://");
  if (scheme_end != absl::string_view::npos) {
    if (!absl::EqualsIgnoreCase(rest.substr(0, scheme_end), "PLAINTEXT")) {
      return Refuse(server, "but this build speaks plaintext only");
    }
    rest.remove_prefix(scheme_end + 3);
  }
  const size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos || absl::EndsWith(rest, "]")) return Refuse(server, "which has no port");
  int port = 0;
  const absl::string_view digits = rest.substr(colon + 1);
  const bool only_digits = std::all_of(digits.begin(), digits.end(),
                                       [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
  if (!only_digits || !absl::SimpleAtoi(digits, &port) || port < 1 || port > 65535) {
    return Refuse(server, "whose port is not a number from 1 to 65535");
  }
  if (!IsHost(rest.substr(0, colon)))
    return Refuse(server, "whose host is not a name or an address (IPv6 stands in brackets)");
  return std::string(rest);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseBootstrapServers(absl::string_view value) {
  std::vector<std::string> servers;
  for (absl::string_view item : absl::StrSplit(value, ',')) {
    item = absl::StripAsciiWhitespace(item);
    if (item.empty()) continue;
    absl::StatusOr<std::string> server = ParseServer(item);
    if (!server.ok()) return server.status();
    servers.push_back(*std::move(server));
  }
  if (servers.empty()) return absl::InvalidArgumentError("is empty");
  return servers;
}

}  // namespace replicator
