#pragma once
// What GET /services/NAME?wsdl and its relatives answer (server reference, 2.3).

#include <optional>
#include <string>

#include "engine/runtime/deployment.hpp"

namespace myelin {

struct Document {
  int status = 200;
  std::string content_type;
  std::string body;
};

/// The document that this GET asks for; nullopt: it is an ordinary REST request to the proxy.
std::optional<Document> proxy_document(const Deployment& deployment, const Proxy& proxy, const Incoming& incoming);

}  // namespace myelin
