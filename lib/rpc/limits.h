// Bounds of the wire, the same on both sides; figures were measured with gRPC 1.51.
#pragma once

namespace zoowarden::rpc {

inline constexpr int kMaxMessageBytes = 4 * 1024 * 1024;
// Pieces of an archive: small enough that a transfer's memory stays flat.
inline constexpr int kChunkBytes = 64 * 1024;
// What an agent may send of an answer before it is taken up: a far one answers at its full pace.
inline constexpr int kWindowBytes = 1024 * 1024;
inline constexpr int kMaxMetadataBytes = 16 * 1024;
inline constexpr int kMaxCallsPerConnection = 100;

// A stopped peer is noticed within about twice this. The server allows pings twice as often.
inline constexpr int kKeepaliveMs = 1000;
inline constexpr int kMinPingIntervalMs = 500;
// The reconnect backoff is also the client's time-out for a handshake: never below a second.
inline constexpr int kMinReconnectMs = 1000;
inline constexpr int kMaxReconnectMs = 3000;
// Silent connections are dropped after this.
inline constexpr int kServerHandshakeMs = 5000;

}  // namespace zoowarden::rpc
