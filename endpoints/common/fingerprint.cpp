#include "endpoints/common/fingerprint.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace myelin::endpoints {

std::string fingerprint(std::span<const std::string> parts) {
  std::string all;
  for (const std::string& part : parts) all += std::to_string(part.size()) + ':' + part;
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), bytes, &size, EVP_sha256(), nullptr);
  OPENSSL_cleanse(all.data(), all.size());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

}  // namespace myelin::endpoints
