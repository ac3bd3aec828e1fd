#include "engine/base/log.hpp"

#include <atomic>
#include <boost/core/null_deleter.hpp>
#include <boost/log/attributes/clock.hpp>
#include <boost/log/core.hpp>
#include <boost/log/expressions.hpp>
#include <boost/log/sinks/async_frontend.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/bounded_fifo_queue.hpp>
#include <boost/log/sinks/drop_on_overflow.hpp>
#include <boost/log/sinks/text_ostream_backend.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/sources/severity_logger.hpp>
#include <boost/log/support/date_time.hpp>
#include <boost/smart_ptr/make_shared.hpp>
#include <fstream>
#include <iostream>
#include <mutex>

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

using Backend = blog::sinks::text_ostream_backend;
using Sink = blog::sinks::asynchronous_sink<Backend, blog::sinks::bounded_fifo_queue<kQueue, CountingDrop>>;

struct Output {
  std::string file;
  boost::shared_ptr<Sink> sink;
  boost::shared_ptr<std::ostream> stream;
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

boost::shared_ptr<std::ostream> open_stream(const std::string& file) {
  if (file.empty()) return boost::shared_ptr<std::ostream>(&std::clog, boost::null_deleter());
  return boost::make_shared<std::ofstream>(file, std::ios::app);
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

void start(std::string_view file, Severity from) {
  least.store(static_cast<int>(from));
  Output& out = output();
  std::lock_guard lock(out.mutex);
  out.file = file;
  out.stream = open_stream(out.file);
  auto backend = boost::make_shared<Backend>();
  backend->add_stream(out.stream);
  backend->auto_flush(true);
  out.sink = boost::make_shared<Sink>(backend);
  out.sink->set_formatter(&format);
  blog::core::get()->add_global_attribute("TimeStamp", blog::attributes::utc_clock());
  blog::core::get()->add_sink(out.sink);
}

void stop() {
  Output& out = output();
  std::lock_guard lock(out.mutex);
  if (!out.sink) return;
  blog::core::get()->remove_sink(out.sink);
  out.sink->stop();
  out.sink->flush();
  out.sink.reset();
}

void reopen() {
  Output& out = output();
  std::lock_guard lock(out.mutex);
  if (!out.sink || out.file.empty()) return;
  const auto backend = out.sink->locked_backend();
  backend->remove_stream(out.stream);
  out.stream = open_stream(out.file);
  backend->add_stream(out.stream);
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
