#include "endpoints/common/member.hpp"

#include "endpoints/common/blocks.hpp"
#include "endpoints/common/group.hpp"
#include "endpoints/common/host.hpp"
#include "engine/base/text.hpp"

namespace myelin::endpoints {

namespace {

std::unique_ptr<Endpoint> read_member(const xml::Element& element, bool suspends, Build& build) {
  xml::Bind bind(element, build.problems);
  auto member = std::make_unique<Host>(build);
  const std::string host = bind.required("hostName");
  if (!host.empty()) member->host = resolve_environment(*bind.attribute("hostName"), build);
  member->http_port = bind.integer("httpPort").value_or(-1);
  if (const auto port = bind.attribute("httpsPort"); port && !text::trim(port->value).empty())
    member->https_port = bind.integer("httpsPort").value_or(-1);
  member->name_ports();
  read_shared_blocks(*member, bind, build);
  member->weight = read_weight(bind);
  member->backup = bind.is_true("backup");
  bind.finish();
  if (host.empty()) return nullptr;
  auto& policy = member->definition.suspension;
  policy.enabled = suspends;
  policy.initial = text::parse_long(build.settings.setting("member.probe.interval")).value_or(1000);
  member->key = build.next_key();
  member->where = element.where;
  return member;
}

}  // namespace

std::vector<std::shared_ptr<Endpoint>> read_members(xml::Bind& bind, bool suspends, Build& build) {
  const UnderShared shared(bind, build);
  std::vector<std::shared_ptr<Endpoint>> members;
  for (const xml::Element* element : bind.children("member"))
    if (auto member = read_member(*element, suspends, build)) members.push_back(std::move(member));
  return members;
}

}  // namespace myelin::endpoints
