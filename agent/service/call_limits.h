// How many calls may be in their handlers at once. Handlers block, and gRPC has a fixed number of
// threads for them (rpc/server.cc): whoever may call at all could take every one of them and shut
// operators out. Who is over a limit is refused at once.
#pragma once

#include "base/error.h"
#include "pki/identity.h"

#include <chrono>
#include <map>
#include <mutex>
#include <utility>

namespace zoowarden::agent {

enum class CallKind { kRead, kUpload, kVerify, kWalk };

// A stream from which nothing comes for so long ends.
inline constexpr std::chrono::milliseconds kUploadIdle{20'000};

// Thread-safe.
class CallLimits {
 public:
  // Of everybody but operators, all kinds together.
  static constexpr int kMostOfOthers = 8;
  // Of one kind that takes long, altogether; all but one of them for operators alone.
  static constexpr int kMostOfLong = 2;

  // Gives its place back at its end.
  class Place {
   public:
    Place(CallLimits& limits, bool operators, CallKind kind)
        : limits_(&limits), operators_(operators), kind_(kind) {}
    ~Place();
    Place(Place&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          operators_(other.operators_),
          kind_(other.kind_) {}
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    CallLimits* limits_;
    bool operators_;
    CallKind kind_;
  };

  // kUnavailable `call.busy`. The limits must outlive the place.
  [[nodiscard]] base::Result<Place> Enter(pki::Role role, CallKind kind);

 private:
  void Leave(bool operators, CallKind kind);

  std::mutex mutex_;
  int others_ = 0;
  std::map<std::pair<bool, CallKind>, int> running_;  // by whether an operator's, and kind
};

}  // namespace zoowarden::agent
