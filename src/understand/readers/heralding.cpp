// heralding's log_session.json: one line a session, with all its log-in attempts. Source: heralding's
// reporting/file_logger.py.
#include "base/registry.hpp"
#include "understand/readers/json_line.hpp"

namespace noroshi::understand::readers {

namespace {

using model::Field;
using model::Kind;

constexpr auto kName = std::string_view{"heralding"};
// heralding closes a session long before; a line of a megabyte could hold so many.
constexpr auto kMaxAttempts = std::uint32_t{20'000};

class Heralding final : public LogReader {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "heralding log_session.json: sessions with their log-in attempts";
  }

  auto recognises(LogLine const &line) -> bool override {
    auto const object = json_.parse(line);
    return object && member(*object, "session_id") && member(*object, "source_ip") && member(*object, "auth_attempts");
  }

  auto read(LogLine const &line, Reading &to) -> Result<LogEvent> override {
    TRY(auto const object, json_.parse(line));
    auto const session = text_member(object, "session_id");
    if (session.empty()) return fail(ErrorCode::malformed, "no session_id: no session of heralding");
    auto seen = model::Observation{};
    TRY(seen.time, parse_rfc3339(text_member(object, "timestamp")));
    TRY(seen.source.address, address_of("source_ip", text_member(object, "source_ip")));
    if (auto const port = member(object, "source_port")) seen.source.port = port_of(*port);
    if (auto const port = member(object, "destination_port")) seen.destination.port = port_of(*port);
    // Behind address translation heralding sees its own private address, or none.
    if (auto const address = model::IpAddress::parse(text_member(object, "destination_ip")); address)
      seen.destination.address = *address;
    seen.service = text_member(object, "protocol");
    seen.visit = visit_of(kName, {}, session);
    auto const began = seen.time;
    note_opening(object, seen, to);
    TRY_VOID(note_attempts(object, seen, to));
    note_closing(object, began, seen, to);
    return LogEvent{seen.service.empty() ? kName : seen.service, {}, began};
  }

private:
  void note_opening(Object const &object, model::Observation &seen, Reading &to) {
    extra_.begin();
    for (auto const name : {"session_id", "auxiliary_data", "num_auth_attempts"})
      if (auto const found = member(object, name)) extra_.add(name, *found);
    seen.extra = extra_.finish();
    seen.kind = Kind::opened;
    to.sink.take(seen);
    seen.extra = {};
  }

  static auto note_attempts(Object const &object, model::Observation &seen, Reading &to) -> Result<void> {
    auto attempts = simdjson::dom::array{};
    auto const list = member(object, "auth_attempts");
    if (!list || list->get(attempts) != simdjson::SUCCESS) return ok;
    auto const began = seen.time;
    seen.kind = Kind::login;
    for (auto const entry : attempts) {
      auto attempt = Object{};
      if (entry.get(attempt) != simdjson::SUCCESS) continue;
      if (++seen.sequence > kMaxAttempts) return fail(ErrorCode::too_large, "more than {} attempts", kMaxAttempts);
      auto const time = parse_rfc3339(text_member(attempt, "timestamp"));
      seen.time = time ? *time : began;
      seen.clear_fields();
      seen.set(Field::username, text_member(attempt, "username")).set(Field::accepted, std::int64_t{0});
      if (auto const password = member(attempt, "password"); password && password->is_string())
        seen.set(Field::password, text_of(*password));
      to.sink.take(seen);
    }
    return ok;
  }

  /// heralding writes the line when the session has ended, and once before for a session that lasts.
  static void note_closing(Object const &object, Time began, model::Observation &seen, Reading &to) {
    auto ended = false;
    if (auto const flag = member(object, "session_ended"); flag && flag->get(ended) == simdjson::SUCCESS && !ended)
      return;
    auto const duration = member(object, "duration");
    auto const length = duration ? milliseconds_of(*duration) : std::nullopt;
    seen.clear_fields();
    seen.kind = Kind::closed;
    ++seen.sequence;
    seen.time = began + std::chrono::milliseconds{length.value_or(0)};
    if (length) seen.set(Field::duration_ms, *length);
    to.sink.take(seen);
  }

  JsonLine json_;
  Extra extra_;
};

}  // namespace

Registered<LogReader, Heralding> const heralding{"heralding"};

}  // namespace noroshi::understand::readers
