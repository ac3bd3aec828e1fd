#pragma once
// What a request can be dispatched to: the main sequence, a proxy service, a resource of an API, or
// a bare endpoint of an endpoints-only folder. Immutable after link(); owned by the Deployment.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/pattern.hpp"
#include "engine/flow/sequence.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/xml/problem.hpp"

namespace myelin {

/// The three flows around one exchange. Pointers are what runs; `*_key` is set when the flow was
/// named by key, and then a null pointer means: the name was not found (fault at run time).
struct Service {
  enum class Kind : std::uint8_t { main, proxy, api, endpoint };
  Kind kind = Kind::main;
  std::string name;                       ///< proxy, API (effective) or endpoint name

  std::string in_key, out_key, fault_key, endpoint_key;
  xml::Location in_at, out_at, fault_at, endpoint_at;  ///< where the keys stand
  const Mediator* in = nullptr;
  const Mediator* out = nullptr;          ///< null and no key: the answer goes back as it is
  const Mediator* fault = nullptr;        ///< null: the default fault sequence
  const Endpoint* endpoint = nullptr;     ///< proxy target, or the bare endpoint
  bool has_in() const noexcept { return in || !in_key.empty(); }
  bool has_out() const noexcept { return out || !out_key.empty(); }
  bool has_endpoint() const noexcept { return endpoint || !endpoint_key.empty(); }

  std::unique_ptr<Sequence> own_in, own_out, own_fault;  ///< inline ones
  std::unique_ptr<Endpoint> own_endpoint;
};

/// `<proxy>` (server reference, 2.1).
struct Proxy : Service {
  bool http = true, https = true;         ///< transports
  bool running = true;                    ///< startOnLoad, pinnedServers
  std::string wsdl_key, wsdl_uri, wsdl_inline, wsdl_endpoint;  ///< publishWSDL
  std::vector<std::pair<std::string, std::string>> wsdl_resources;  ///< location in it and key of what it imports
  bool wsdl_keeps_policies = true;        ///< preservePolicy
  xml::Location wsdl_at;
  std::vector<std::pair<std::string, std::string>> parameters;
  xml::Location where;
};

/// A compiled uri-template or url-mapping (server reference, 3.5).
class UriPattern {
 public:
  enum class Kind : std::uint8_t { exact, prefix, extension, uri_template, fallback };
  Kind kind = Kind::fallback;
  std::string text;

  struct Part {
    std::string literal;                  ///< when variable is empty
    std::string variable;
    bool reserved = false;                ///< {+v}: may hold reserved characters
    std::size_t max_length = 0;           ///< {v:3}; 0: any
  };
  std::vector<Part> path, query;          ///< of a uri-template
  bool open_end = false;                  ///< trailing `*`

  /// Compiles; returns what is wrong, empty when fine.
  static std::string compile_template(std::string_view text, UriPattern& out);
  static std::string compile_mapping(std::string_view text, UriPattern& out);

  /// `path` and `query` as received (without '?'), after context and version. Fills variables with
  /// raw (still encoded) values.
  bool matches(std::string_view path, std::string_view query,
               std::vector<std::pair<std::string_view, std::string_view>>& variables) const;
};

/// `<resource>` of an API.
struct Resource : Service {
  std::vector<std::string> methods;       ///< empty: all
  UriPattern pattern;
  std::string content_type;               ///< filter; empty: none
  std::unique_ptr<const expr::Pattern> user_agent;  ///< filter; null: none
  std::optional<bool> https;              ///< protocol attribute
};

/// `<api>` (server reference, 3.1).
struct Api {
  std::string name;                       ///< effective: name:vVERSION when versioned
  std::string context;                    ///< "/x", no trailing slash; "/" for the root
  std::string hostname;
  int port = 0;                           ///< 0: any
  std::string version;
  enum class Versioning : std::uint8_t { none, url, context } versioning = Versioning::none;
  bool http = true, https = true;
  std::vector<std::unique_ptr<Resource>> resources;  ///< declaration order
  xml::Location where;
};

}  // namespace myelin
