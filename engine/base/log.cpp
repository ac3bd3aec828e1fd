#include "engine/base/log.hpp"

#include <atomic>
#include <boost/log/attributes/clock.hpp>
#include <boost/log/core.hpp>
#include <boost/log/expressions.hpp>
#include <boost/log/sinks/async_frontend.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/bounded_fifo_queue.hpp>
#include <boost/log/sinks/drop_on_overflow.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/sources/severity_logger.hpp>
#include <boost/log/support/date_time.hpp>
#include <boost/smart_ptr/make_shared.hpp>
#include <mutex>

#include "engine/base/log_file.hpp"

namespace myelin::log {

namespace {

namespace blog = boost::log;

// 8 KiB lines at most, so this many records bound the queue at 8 MiB (REL-138).
constexpr std::size_t kQueue = 1024;
constexpr std::size_t kLongest = 8 * 1024;

std::atomic<int> least{static_cast<int>(Severity::info)};
std::atomic<std::uint64_t> lost{0};

/// Drops a record when the queue is full, and counts it.
struct CountingDrop : blog::sinks::drop_on_overflow {
  template <class Lock>
  static bool on_overflow(const blog::record_view&, Lock&) {
    lost.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
};

class Backend : public blog::sinks::basic_formatted_sink_backend<char> {
 public:
  explicit Backend(LogFile& to) : to_(to) {}
  void consume(const blog::record_view&, const std::string& line) {
    if (!to_.put(line)) lost.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  LogFile& to_;
};
using Sink = blog::sinks::asynchronous_sink<Backend, blog::sinks::bounded_fifo_queue<kQueue, CountingDrop>>;

struct Output {
  std::unique_ptr<LogFile> file;
  boost::shared_ptr<Sink> sink;
  std::mutex mutex;
};

Output& output() {
  static Output instance;
  return instance;
}

BOOST_LOG_ATTRIBUTE_KEYWORD(line_severity, "Severity", Severity)

constexpr const char* kNames[] = {"TRACE", "DEBUG", "INFO ", "WARN ", "ERROR", "FATAL"};

void format(const blog::record_view& record, blog::formatting_ostream& to) {
  const auto stamp = blog::extract<boost::posix_time::ptime>("TimeStamp", record);
  if (stamp) {
    std::string text = boost::posix_time::to_iso_extended_string(*stamp);
    if (const auto dot = text.find('.'); dot != std::string::npos) text.resize(std::min(text.size(), dot + 4));
    to << text << "Z ";
  }
  const auto severity = record[line_severity];
  to << kNames[severity ? static_cast<int>(*severity) : 2] << ' '
     << *blog::extract<std::string>("Message", record);
}

blog::sources::severity_logger<Severity>& logger() {
  thread_local blog::sources::severity_logger<Severity> instance;
  return instance;
}

/// Control characters become visible escapes, so that a message cannot forge a line (REL-089). Line
/// ends are kept only where a mediator asked for them, as `\n` followed by a tab.
void append_escaped(std::string& to, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const std::size_t end = std::min(text.size(), kLongest);
  for (std::size_t i = 0; i < end; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\n') {
      to += "\n\t";
    } else if (c == '\t') {
      to += '\t';
    } else if (c == 0xC2 && i + 1 < end && (static_cast<unsigned char>(text[i + 1]) & 0xE0) == 0x80) {
      const auto control = static_cast<unsigned char>(text[++i]);  // U+0080 to U+009F, which terminals obey as well
      to += "\\x";
      to += kHex[control >> 4];
      to += kHex[control & 15];
    } else if (c < 0x20 || c == 0x7f) {
      to += "\\x";
      to += kHex[c >> 4];
      to += kHex[c & 15];
    } else {
      to += static_cast<char>(c);
    }
  }
  if (end < text.size()) to += "...";
}

}  // namespace

Result<void> start(std::string_view file, Severity from) {
  least.store(static_cast<int>(from));
  Output& out = output();
  std::lock_guard lock(out.mutex);
  auto opened = LogFile::open(std::string(file));
  if (!opened) return std::move(opened).fault();
  out.file = *std::move(opened);
  out.sink = boost::make_shared<Sink>(boost::make_shared<Backend>(*out.file));
  out.sink->set_formatter(&format);
  blog::core::get()->add_global_attribute("TimeStamp", blog::attributes::utc_clock());
  blog::core::get()->add_sink(out.sink);
  return {};
}

void stop() {
  Output& out = output();
  std::lock_guard lock(out.mutex);
  if (!out.sink) return;
  blog::core::get()->remove_sink(out.sink);
  out.file->end();
  out.sink->stop();
  out.sink->flush();
  out.sink.reset();
}

void reopen() {
  Output& out = output();
  std::lock_guard lock(out.mutex);
  if (!out.sink) return;
  if (const Result<void> opened = out.file->reopen(); !opened) error("server", opened.fault().message);
}

bool enabled(Severity severity) noexcept {
  return static_cast<int>(severity) >= least.load(std::memory_order_relaxed);
}

void write(Severity severity, std::string_view channel, std::string_view text) {
  if (!enabled(severity)) return;
  std::string line;
  line.reserve(channel.size() + text.size() + 8);
  line += channel;
  line += ": ";
  append_escaped(line, text);
  BOOST_LOG_SEV(logger(), severity) << line;
}

std::uint64_t dropped() noexcept { return lost.load(std::memory_order_relaxed); }

}  // namespace myelin::log
