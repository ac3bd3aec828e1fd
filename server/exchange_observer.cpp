#include "server/exchange_observer.hpp"

#include "engine/artifacts/service.hpp"
#include "engine/message/message.hpp"

namespace myelin::server {

namespace {

std::string_view type_of(Service::Kind kind) noexcept {
  switch (kind) {
    case Service::Kind::proxy: return "proxy";
    case Service::Kind::api: return "api";
    case Service::Kind::endpoint: return "endpoint";
    case Service::Kind::main: break;
  }
  return "main";
}

}  // namespace

/// Names are views into the deployment the message ends on.
const ExchangeObserver::Known& ExchangeObserver::service_of(const Message& message) {
  Known& known = known_[message.service];
  if (known.counters) return known;
  known.type = "none";
  if (message.service) {
    const Service& service = *static_cast<const Service*>(message.service);
    known.type = type_of(service.kind);
    known.name = service.kind == Service::Kind::main ? std::string_view("main") : std::string_view(service.name);
  }
  known.counters = &services_.of(known.type, known.name, shard_);
  return known;
}

void ExchangeObserver::ended(const http::ExchangeReport& report) {
  received.add(report.received);
  sent.add(report.sent);
  Known nobody;
  const Known& service = report.message ? service_of(*report.message) : nobody;
  if (service.counters) service.counters->add(report.status, report.complete, report.took);
  const int refusal = report.status - kFirstRefusal;
  if (!report.message && refusal >= 0 && refusal < static_cast<int>(kRefusals))
    refused[static_cast<std::size_t>(refusal)].add();
  if (!log_) return;
  using std::chrono::system_clock;
  const auto took = std::chrono::duration_cast<system_clock::duration>(report.took);
  log_->write(shard_, http::AccessEntry{report, service.type, service.name, system_clock::now() - took});
}

}  // namespace myelin::server
