#include "server/crash_report.hpp"

#include <elf.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <cxxabi.h>
#include <exception>
#include <string>
#include <string_view>

namespace myelin::server {

namespace {

constexpr int kDeepest = 64;
constexpr std::size_t kStack = 64 * 1024;
constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Made before anything can crash, as the handler may not allocate.
std::array<char, 256> head{};
std::size_t head_size = 0;

void say(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void say_number(int number) noexcept {
  char digits[12];
  char* at = digits + sizeof digits;
  do *--at = static_cast<char>('0' + number % 10);
  while ((number /= 10) > 0);
  say({at, static_cast<std::size_t>(digits + sizeof digits - at)});
}

/// SA_RESETHAND: the signal's own action is back when this is called.
void crashed(int signal) {
  say("myelin crash: signal ");
  say_number(signal);
  say({head.data(), head_size});
  void* frames[kDeepest];
  backtrace_symbols_fd(frames, backtrace(frames, kDeepest), STDERR_FILENO);
  ::raise(signal);
}

/// The message of an exception may quote a message: its type has to do.
[[noreturn]] void terminated() noexcept {
  const std::type_info* type = abi::__cxa_current_exception_type();
  say("myelin crash: terminated");
  if (type) say(" by an exception of type ");
  if (type) say(type->name());
  say("\n");
  std::abort();
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

/// The first object is the program itself.
int find_build_id(dl_phdr_info* object, std::size_t, void* to) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type != PT_NOTE) continue;
    const char* at = reinterpret_cast<const char*>(object->dlpi_addr + part.p_vaddr);
    const char* const end = at + part.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof note);
      const char* name = at + sizeof note;
      const char* content = name + ((note.n_namesz + 3) & ~3U);
      if (note.n_type == NT_GNU_BUILD_ID && std::string_view(name, 3) == "GNU")
        *static_cast<std::string*>(to) = hex({content, note.n_descsz});
      at = content + ((note.n_descsz + 3) & ~3U);
    }
  }
  return 1;
}

}  // namespace

void report_crashes() {
  std::string build_id;
  dl_iterate_phdr(find_build_id, &build_id);
  const std::string text = ", version " MYELIN_VERSION ", build id " + build_id + "\n";
  head_size = text.copy(head.data(), head.size());
  void* frame[1];
  static_cast<void>(backtrace(frame, 1));  // loads what it needs now
  static char stack[kStack];               // of the thread that began: another one's overflow ends without a report
  const stack_t other{stack, 0, sizeof stack};
  sigaltstack(&other, nullptr);
  struct sigaction action{};
  action.sa_handler = crashed;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
  std::set_terminate(terminated);
}

}  // namespace myelin::server
