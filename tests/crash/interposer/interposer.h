// Between the crash suites and the library that agents are started under
// (LD_PRELOAD=libzoowarden-interposer.so): names in the environment, and how to read its log.
#pragma once

namespace zoowarden::crash {

// Directories, separated by ':'. Calls on what is in them are seen, all others are let through.
inline constexpr const char* kIoBelow = "ZOOWARDEN_IO_BELOW";
// A file outside of them that gets a line a call: "KIND NAME PATH", behind "HIT " when it was made
// to fail. KIND is open, write, sync, rename or other.
inline constexpr const char* kIoLog = "ZOOWARDEN_IO_LOG";
// "KIND K ERROR": the K-th call of the kind fails with that errno, once. ERROR 0 in a write: half
// of it is written.
inline constexpr const char* kIoFault = "ZOOWARDEN_IO_FAULT";
// Each call that makes something durable is preceded by a copy of this image …
inline constexpr const char* kIoImage = "ZOOWARDEN_IO_IMAGE";
// … to this name, whose four digits then count up ("/tmp/cuts/0000.img").
inline constexpr const char* kIoNextCut = "ZOOWARDEN_IO_NEXT_CUT";

}  // namespace zoowarden::crash
