// Indicators that may be blocked, one a line: what firewalls, resolvers and proxies read.
#include "share/writer.hpp"

namespace noroshi::share {

namespace {

class Plain final : public Writer {
public:
  [[nodiscard]] auto about() const -> WriterAbout override {
    return {"indicators fit for blocking, one a line", "text/plain; charset=utf-8", Subject::indicators};
  }
  auto write(OutIndicator const &out, std::string &to) const -> bool override {
    if (!out.blockable) return false;
    to += to_text(out.value);
    to.push_back('\n');
    return true;
  }
};

}  // namespace

Registered<Writer, Plain> const plain{"plain"};

}  // namespace noroshi::share
