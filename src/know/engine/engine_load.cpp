#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

namespace {

class Load final : public model::IndicatorLoad {
public:
  explicit Load(Engine &engine) : engine_(engine) {}
  auto context(model::Context const &context) -> std::uint32_t override {
    contexts_.push_back(context);
    return static_cast<std::uint32_t>(contexts_.size() - 1);
  }
  auto add(model::ValueType type, std::string_view canonical, std::uint32_t context, model::Seen const &seen)
      -> Result<void> override {
    auto whole = contexts_[context];
    whole.first_seen = seen.first;
    whole.last_seen = seen.last;
    whole.count = seen.count;
    whole.expiry = seen.expiry;
    writes_.push_back({{type, std::string{canonical}}, std::move(whole)});
    return ok;
  }
  auto finish(std::span<model::SourceId const> replaced) -> Result<std::uint64_t> override {
    auto commit = model::IndicatorCommit{};
    commit.stream = "load";
    TRY(auto const before, engine_.cursor(commit.stream));
    commit.position = before + 1;
    commit.raised.assign(replaced.begin(), replaced.end());
    auto const count = writes_.size();
    commit.writes = std::move(writes_);
    TRY_VOID(engine_.apply(commit));
    return count;
  }

private:
  Engine &engine_;
  std::vector<model::Context> contexts_;
  std::vector<model::IndicatorWrite> writes_;
};

}  // namespace

auto Engine::load() -> Result<std::unique_ptr<model::IndicatorLoad>> { return std::make_unique<Load>(*this); }

}  // namespace noroshi::know::engine
