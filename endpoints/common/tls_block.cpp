#include "endpoints/common/tls_block.hpp"

#include <filesystem>

#include "endpoints/common/definition.hpp"
#include "endpoints/common/fingerprint.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/state.hpp"
#include "engine/ports/tls.hpp"
#include "engine/xml/words.hpp"

namespace myelin::endpoints {

namespace {

using xml::Bind;
using xml::Element;
using Version = TlsSettings::Version;
using StoreType = TlsSettings::StoreType;

constexpr std::pair<std::string_view, Version> kVersions[] = {
    {"1.2", Version::tls12}, {"1.3", Version::tls13}, {"TLSv1.2", Version::tls12}, {"TLSv1.3", Version::tls13}};

/// Made once per block and files.
class Made final : public State {
 public:
  std::shared_ptr<const void> object;
};

std::string absolute(std::string_view path, const Build& build) {
  return path.empty() ? std::string() : (build.base / std::filesystem::path(path)).lexically_normal().string();
}

TlsSettings::Store read_store(const Element& element, Build& build) {
  Bind bind(element, build.problems);
  TlsSettings::Store store;
  const std::string type = text::to_upper(bind.text("type").value_or("PEM"));
  if (type == "PEM") store.type = StoreType::pem;
  else if (type == "PKCS12") store.type = StoreType::pkcs12;
  else
    bind.error("type of " + xml::tag(element.name) + " is " + xml::quote(type),
               type == "JKS" ? "allowed: PEM or PKCS12; keytool -importkeystore converts it" : "allowed: PEM or PKCS12");
  const auto resolved = [&](std::string_view name) {
    const auto* attribute = bind.attribute(name);
    return attribute ? resolve_environment(*attribute, build) : std::string();
  };
  if (!bind.required("path").empty()) store.path = absolute(resolved("path"), build);
  store.password = resolved("password");
  if (element.name == "keyStore") {
    store.key_path = absolute(resolved("keyPath"), build);
    if (const std::string own = resolved("keyPassword"); !own.empty() && store.type == StoreType::pem) store.password = own;
    if (const auto* alias = bind.attribute("alias"))
      bind.warning(alias->where, "alias of <keyStore> is ignored", "the store's only key is used");
  }
  bind.finish();
  return store;
}

/// REL-112: what weakens the check is said at each start.
void read_checks(TlsSettings& settings, Bind& bind) {
  settings.verify = !bind.is_true("trustAll");
  settings.verify_host = bind.is_true("verifyHost", true);
  if (!settings.verify)
    bind.warning("<tls trustAll> trusts any certificate", "anybody on the way can read and change what is sent");
  else if (!settings.verify_host)
    bind.warning("<tls verifyHost=\"false\"> trusts certificates of other hosts", "any holder of a trusted certificate can step in");
}

/// Where the block says nothing, the server's own settings hold.
void use_server_defaults(TlsSettings& settings, const Element& element, const Build& build) {
  const auto setting = [&](std::string_view name) { return build.settings.setting(name); };
  if (!element.attribute("trustAll") && text::is_false(setting("backend.verify"))) settings.verify = false;
  if (settings.trust.type == StoreType::none && !setting("backend.ca").empty()) {
    settings.trust.type = StoreType::pem;
    settings.trust.path = absolute(setting("backend.ca"), build);
  }
  if (settings.key.type == StoreType::none && !setting("backend.certificate").empty()) {
    settings.key.type = StoreType::pem;
    settings.key.path = absolute(setting("backend.certificate"), build);
    settings.key.key_path = absolute(setting("backend.key"), build);
  }
}

std::string stamp(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  const auto time = std::filesystem::last_write_time(path, error).time_since_epoch().count();
  return std::to_string(error ? 0 : size) + '/' + std::to_string(error ? 0 : time);
}

std::string key_of(const TlsSettings& settings) {
  std::vector<std::string> parts{settings.verify ? "v" : "", settings.verify_host ? "h" : "",
                                 std::to_string(static_cast<int>(settings.least)),
                                 std::to_string(static_cast<int>(settings.most)), settings.ciphers, settings.server_name};
  for (const TlsSettings::Store* store : {&settings.trust, &settings.key})
    for (const std::string& part : {std::to_string(static_cast<int>(store->type)), store->path, store->password,
                                    store->key_path, stamp(store->path), stamp(store->key_path)})
      parts.push_back(part);
  return "tls " + fingerprint(parts);
}

}  // namespace

std::shared_ptr<const void> read_tls(const Element& element, Build& build) {
  const std::size_t errors = build.problems.error_count();
  Bind bind(element, build.problems);
  TlsSettings settings;
  read_checks(settings, bind);
  settings.least = bind.choice<Version>("minVersion", kVersions, Version::tls12, Bind::Unknown::error, Bind::Case::any);
  settings.most = bind.choice<Version>("maxVersion", kVersions, Version::tls13, Bind::Unknown::error, Bind::Case::any);
  if (settings.least > settings.most) bind.error("minVersion of <tls> is above maxVersion");
  settings.ciphers = bind.text("ciphers").value_or("");
  settings.server_name = bind.text("sni").value_or("");
  if (const Element* store = bind.child("trustStore")) settings.trust = read_store(*store, build);
  if (const Element* store = bind.child("keyStore")) settings.key = read_store(*store, build);
  bind.finish();
  use_server_defaults(settings, element, build);
  const TlsMaker* maker = TlsMakers::instance().find("http");
  if (build.problems.error_count() > errors || !maker) return nullptr;
  const auto made = build.states.get<Made>(key_of(settings));
  if (made->object) return made->object;
  auto object = (*maker)(settings);
  if (!object) {
    bind.error("<tls> cannot be used: " + object.fault().message);
    return nullptr;
  }
  made->object = *std::move(object);
  return made->object;
}

}  // namespace myelin::endpoints
