// Makes each call that the interposer wraps in directory argv[1], once, for interposer_test.cc.
// Prints their names, with " failed" behind those that did.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

void Say(const char* name, bool done) { std::cout << name << (done ? "" : " failed") << '\n'; }

void Open(int in, int& file) {
  Say("openat", (file = openat(in, "a", O_RDWR | O_CREAT, 0600)) >= 0);
  open_how how{};
  how.flags = O_RDONLY;
  Say("openat2", close(static_cast<int>(syscall(SYS_openat2, in, "b", &how, sizeof(how)))) == 0);
  std::string name = "work-XXXXXX";
  const int made = mkostemp(name.data(), O_CLOEXEC);
  Say("mkostemp", made >= 0);
  close(made);
  name = "tree-XXXXXX";
  Say("mkdtemp", mkdtemp(name.data()) != nullptr);
  FILE* const stream = fopen("b", "r");
  Say("fopen", stream != nullptr);
  if (stream != nullptr) {
    fclose(stream);
  }
}

void Write(int file) {
  const std::string text = "ab";
  iovec vector{.iov_base = const_cast<char*>(text.data()), .iov_len = 2};
  Say("write", write(file, text.data(), 2) == 2);
  Say("pwrite", pwrite(file, text.data(), 2, 0) == 2);
  Say("writev", writev(file, &vector, 1) == 2);
  Say("pwritev", pwritev(file, &vector, 1, 0) == 2);
  Say("fsync", fsync(file) == 0);
  Say("fdatasync", fdatasync(file) == 0);
  Say("ftruncate", ftruncate(file, 1) == 0);
  Say("fchmod", fchmod(file, 0640) == 0);
}

void Rename(int in) {
  Say("link", link("a", "linked") == 0);
  Say("linkat", linkat(in, "a", in, "linked2", 0) == 0);
  Say("symlink", symlink("a", "to") == 0);
  Say("symlinkat", symlinkat("a", in, "to2") == 0);
  Say("rename", rename("to", "to3") == 0);
  Say("renameat", renameat(in, "to2", in, "to4") == 0);
  Say("renameat2", renameat2(in, "to3", in, "to5", 0) == 0);
  Say("unlink", unlink("to5") == 0);
  Say("unlinkat", unlinkat(in, "to4", 0) == 0);
  Say("remove", remove("linked") == 0);
  Say("mkdir", mkdir("d", 0700) == 0);
  Say("mkdirat", mkdirat(in, "d/e", 0700) == 0);
  Say("rmdir", rmdir("d/e") == 0);
  Say("chmod", chmod("a", 0600) == 0);
  Say("fchmodat", fchmodat(in, "a", 0600, 0) == 0);
  Say("truncate", truncate("a", 0) == 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || chdir(argv[1]) != 0) {
    return 2;
  }
  const int in = open(".", O_RDONLY | O_DIRECTORY);
  Say("open", in >= 0);
  const std::string other = std::string(argv[1]) + "/b";
  Say("open", close(open(other.c_str(), O_WRONLY | O_CREAT, 0600)) == 0);
  int file = -1;
  Open(in, file);
  Write(file);
  Rename(in);
  return 0;
}
