#include "engine/ports/sender.hpp"
#include "mediators/common/json_place.hpp"
#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using mediators::JsonPlace;

struct PlaceCase {
  const char* path;
  const char* found;  ///< the values, joined by a blank
};
void PrintTo(const PlaceCase& place, std::ostream* to) { *to << place.path; }

class JsonPlaceTest : public testing::TestWithParam<PlaceCase> {};

TEST_P(JsonPlaceTest, FindsItsValues) {
  const auto json = JsonDocument::parse(R"({"a":{"b c":1,"l":[10,20,30]},"l":[{"x":1},{"x":2},{}]})");
  expr::SyntaxError error;
  const auto place = JsonPlace::parse_list(GetParam().path, error);
  ASSERT_TRUE(place) << error.message;
  const auto ids = place->find(**json);
  ASSERT_TRUE(ids);
  std::string found;
  for (const auto id : *ids) found += (found.empty() ? "" : " ") + (*json)->json(id);
  EXPECT_EQ(found, GetParam().found);
}

INSTANTIATE_TEST_SUITE_P(Paths, JsonPlaceTest,
                         testing::Values(PlaceCase{"$.a.l[1]", "20"}, PlaceCase{"$['a']['b c']", "1"},
                                         PlaceCase{"$[\"a\"].l[-1]", "30"}, PlaceCase{"$.l[*].x", "1 2"},
                                         PlaceCase{"$.a.*", "1 [10,20,30]"}, PlaceCase{"$.a.l[3]", ""},
                                         PlaceCase{"$.a.l[-4]", ""}, PlaceCase{"$.l.x", ""}, PlaceCase{"$.missing", ""},
                                         PlaceCase{"$.l[?(@.x==2)].x", "2"}, PlaceCase{"$.l..x", "1 2"},
                                         PlaceCase{"$.l[1].x , $.a.l[0,1],$.a.l[1]", "10 20 2"},
                                         PlaceCase{"$['a'][\"b c\"],$.l[?(@.x in [1,2])].x", "1 1 2"}));

TEST(JsonPlace, RefusesWhatIsNoPath) {
  expr::SyntaxError error;
  for (const char* path : {"", "$.a[", "$.a[x]", "$a", "$.a,", ",$.a", "$.a[1],$.b["})
    EXPECT_FALSE(JsonPlace::parse_list(path, error)) << path;
  EXPECT_FALSE(JsonPlace::parse("$.a,$.b", error));
}

/// A body of which the second half arrives on fill().
class SlowBody final : public BodySource {
 public:
  std::string_view buffered() const noexcept override { return here_; }
  bool ended() const noexcept override { return filled_; }
  void consume(std::size_t bytes) noexcept override { here_.remove_prefix(bytes); }
  Task<Status> fill() override {
    here_ = "</a>";
    filled_ = true;
    co_return Status::more;
  }
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  std::string_view here_ = "<a>";
  bool filled_ = false;
  Fault fault_;
};

/// The shard of work that never waits there.
class Nowhere final : public Sender {
 public:
  Task<Result<BackendResponse*>> send(const OutgoingRequest&) override { co_return Fault("nobody"); }
  Task<Result<void>> probe(const OutgoingRequest&) override { co_return Fault("nobody"); }
  Task<bool> wait(Signal&, Duration) override { co_return false; }
  void post(std::function<void()>) override {}
};

struct HandOverTest : test::MediatorTest {};

TEST_F(HandOverTest, ASecondSendWaitsForTheBodyThatItsCopyNeeds) {
  SlowBody source;
  artifacts.apache = true;
  message().payload.receive(&source, "application/xml");
  ASSERT_EQ(run(R"(<send receive="one"/><send receive="two"/><property name="after" value="1"/>)"), Flow::suspend);
  ASSERT_EQ(message().pending.kind, Pending::Kind::work);
  Pending pending = std::exchange(message().pending, Pending{});
  Nowhere nowhere;
  const Task<Result<void>> done = pending.work->run(message(), nowhere);
  ASSERT_TRUE(done.done());
  for (const Frame& frame : std::exchange(message().unwinding, {}))
    EXPECT_EQ(frame.owner->resume(message(), frame.position), Flow::next);
  EXPECT_EQ(property("after"), "1");
  EXPECT_EQ(message().pending.receive, "two");
  ASSERT_EQ(message().spawned.size(), 1U);
  EXPECT_EQ(message().spawned_pending.front().receive, "one");
  EXPECT_EQ(message().spawned.front()->payload.bytes(), "<a></a>");
  message().payload.reset();
}

}  // namespace
}  // namespace myelin
