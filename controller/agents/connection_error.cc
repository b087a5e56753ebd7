#include "controller/agents/connection_error.h"

#include <array>
#include <string_view>

namespace zoowarden::controller {

namespace {

constexpr std::string_view kVerifier = "Custom verification check failed with error: ";

bool Has(const base::Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

// What our own verifier refused the handshake for.
base::Error NotBelieved(const Dialled& dialled, const base::Error& error) {
  auto why = error.message().substr(error.message().find(kVerifier) + kVerifier.size());
  if (const auto code = why.find(": ");
      code != std::string::npos && why.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == code) {
    why.erase(0, code + 2);
  }
  return {error.code(), "pki.not_believed", "the agent at " + dialled.agent + ": " + why};
}

std::string Starting(const Dialled& dialled) {
  return dialled.who.empty() ? "; start zoowarden-agent there"
                             : "; start zoowarden-agent on " + dialled.who;
}

struct Cause {
  std::string_view raw;
  std::string_view sentence;
};

constexpr std::array kUnreachable{
    Cause{"No route to host", "there is no route to it"},
    Cause{"Network is unreachable", "its network is unreachable"},
    Cause{"imed out", "it does not take the connection, or too slowly"},
    Cause{"DNS resolution failed", "its name is not known here"},
};

}  // namespace

base::Error ConnectionError(const Dialled& dialled, const base::Error& error) {
  const auto& agent = dialled.agent;
  const auto say = [&error](const std::string& text) {
    return base::Error(error.code(), "", text);
  };
  if (!error.reason().empty()) {
    return error;
  }
  if (error.Is(base::ErrorCode::kDeadlineExceeded)) {
    return Has(error, "Deadline Exceeded") ? say("no answer from " + agent + " in time") : error;
  }
  if (!error.Is(base::ErrorCode::kUnavailable)) {
    return error;
  }
  if (Has(error, kVerifier)) {
    return NotBelieved(dialled, error);
  }
  if (Has(error, "certificate verify failed")) {
    return {error.code(),
            "pki.foreign_ca",
            "the certificate of the agent at " + agent + " is signed by another CA than " +
                dialled.ca +
                ", or has expired; is that the CA of this ensemble? If so, renew the "
                "certificate there with 'zoowarden pki issue'"};
  }
  if (Has(error, "Connection refused")) {
    return say("nobody listens at " + agent + Starting(dialled));
  }
  if (Has(error, "Socket closed") || Has(error, "onnection reset") || Has(error, "handshake")) {
    return say(agent +
               " closes the connection: no agent listens there, or one that does not take "
               "this certificate; its log says which");
  }
  for (const auto& [raw, sentence] : kUnreachable) {
    if (Has(error, raw)) {
      return say(agent + " cannot be reached: " + std::string(sentence));
    }
  }
  return error;
}

}  // namespace zoowarden::controller
