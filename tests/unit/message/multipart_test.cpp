// Multipart bodies (REL-025). What clients see of them is in tests/cases/message/multipart_*.case.
#include "engine/message/multipart.hpp"

#include <gtest/gtest.h>

#include <random>

#include "engine/base/text.hpp"
#include "engine/message/coding.hpp"

namespace myelin {
namespace {

const std::string kRelated = "multipart/related; boundary=b; type=\"text/xml\"; start=\"<r>\"";
const std::string kRelatedBody =
    "--b\r\nContent-ID: <p>\r\n\r\nbytes\r\n--b\r\nContent-Type: text/xml\r\nContent-ID: <r>\r\n\r\n"
    "<a xmlns:x=\"http://www.w3.org/2004/08/xop/include\"><p><x:Include href=\"cid:p\"/></p></a>\r\n--b--\r\n";
const std::string kForm = "multipart/form-data; boundary=\"b\"";
const std::string kFormBody =
    "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\n"
    "Content-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "a=3Db=\r\nc\r\n--b--";

std::vector<std::string> bodies(std::string_view bytes, std::string_view type) {
  std::vector<std::string> out;
  const auto parts = multipart::parse(bytes, type);
  if (!parts) return {parts.fault().detail};
  for (const auto& part : *parts) out.emplace_back(part.body);
  return out;
}

TEST(Multipart, DelimitersStandAloneInTheirLine) {
  using Bodies = std::vector<std::string>;
  EXPECT_EQ(bodies("--b--", "multipart/x; boundary=b"), Bodies{});
  EXPECT_EQ(bodies("pre\r\n--b\r\n\r\n--b--post", "multipart/x; boundary=b"), Bodies{""});
  EXPECT_EQ(bodies("--b \t\r\n\r\n--bc\r\n--b--", "multipart/x; boundary=b"), Bodies{"--bc"});
  EXPECT_EQ(bodies("--b\r\n\r\n1 --b\n--b\r\n--b\r\nA: b\r\n\r\n2\r\n--b--", "multipart/x; boundary=b"), (Bodies{"1 --b\n--b", "2"}));
}

TEST(Multipart, TransferEncodingsAreUndone) {
  const auto parts = multipart::parse(kFormBody, kForm);
  ASSERT_TRUE(parts.ok()) << parts.fault().detail;
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ(*(*parts)[1].content(), "a=bc");
}

TEST(Multipart, TheRootIsKnownByItsType) {
  EXPECT_EQ(multipart::root_kind(kRelated), MediaKind::soap11);
  EXPECT_EQ(multipart::root_kind("multipart/related; type=\"application/xop+xml\"; start-info=\"application/soap+xml\""), MediaKind::soap12);
  EXPECT_EQ(multipart::root_kind("multipart/related"), MediaKind::multipart);
  EXPECT_EQ(multipart::root_kind(kForm), MediaKind::multipart);
}

TEST(Multipart, WhatIsWrittenReadsBack) {
  const auto parts = multipart::parse(kRelatedBody, kRelated);
  ASSERT_TRUE(parts.ok());
  Payload payload;
  payload.assign(kRelatedBody, kRelated);
  const auto envelope = payload.envelope();
  ASSERT_TRUE(envelope.ok()) << envelope.fault().detail;
  const std::string xml = (*envelope)->xml((*envelope)->root());
  for (const bool mtom : {true, false}) {
    const auto written = multipart::write_related(xml, "text/xml; charset=UTF-8", *parts, kRelated, mtom);
    EXPECT_EQ(written.bytes.find(text::base64_encode("bytes")) == std::string::npos, mtom);
    Payload again;
    again.assign(written.bytes, written.content_type);
    const auto read = again.envelope();
    ASSERT_TRUE(read.ok()) << read.fault().detail;
    EXPECT_EQ((*read)->string_value((*read)->root()), text::base64_encode("bytes"));
  }
}

// REL-005: whatever comes, it is an envelope or a refusal.
TEST(Multipart, NothingBreaksIt) {
  std::mt19937 random(25);
  const auto below = [&random](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
  std::size_t built = 0, refused = 0;
  for (int round = 0; round < 6000; ++round) {
    const bool related = below(2) == 0;
    std::string body = related ? kRelatedBody : kFormBody;
    std::string type = related ? kRelated : kForm;
    for (std::size_t edits = below(4); edits-- > 0;) {
      std::string& text = below(6) == 0 ? type : body;
      if (text.empty()) break;
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0: text[at] = static_cast<char>(below(256)); break;
        case 1: text.erase(at, 1 + below(20)); break;
        case 2: text.insert(at, text.substr(below(text.size()), below(40))); break;
        default: text.resize(at + 1);
      }
    }
    Payload payload;
    payload.assign(body, type);
    const auto envelope = payload.edit();
    if (!envelope) {
      EXPECT_TRUE(envelope.fault().status >= 400 && envelope.fault().status < 500) << envelope.fault().message;
      ++refused;
      continue;
    }
    ++built;
    const auto parts = multipart::parse(body, type);
    if (!parts) continue;  // the type was no multipart any more
    multipart::write_form_data(**envelope, Payload::body_child(**envelope), *parts, true);
    multipart::write_related((*envelope)->xml((*envelope)->root()), "text/xml", *parts, type, true);
  }
  EXPECT_GT(built, 1000u);
  EXPECT_GT(refused, 1000u);
}

TEST(ContentCodings, AreNotBrokenByAnything) {
  std::mt19937 random(18);
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::deflate}) {
    const std::string whole = compress(kRelatedBody, coding);
    for (int round = 0; round < 3000; ++round) {
      std::string bytes = whole;
      for (int edits = 0; edits < 3; ++edits) bytes[random() % bytes.size()] = static_cast<char>(random());
      const auto plain = decompress(bytes, coding, 1 << 20);
      if (!plain) {
        EXPECT_TRUE(plain.fault().status == 400 || plain.fault().status == 413);
      }
    }
  }
}

}  // namespace
}  // namespace myelin
