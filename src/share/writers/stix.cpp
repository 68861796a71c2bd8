// Indicators as a STIX 2.1 bundle: for each value its observable and what was observed of it; for those fit for
// blocking also an indicator, based on that observation. All ids are deterministic, so that a second import updates.
#include "codec/stix.hpp"
#include "codec/json_writer.hpp"
#include "share/writer.hpp"

namespace noroshi::share {

namespace {

namespace stix = codec::stix;

// Ids without a time of their own; any fixed moment will do.
constexpr auto kIdentityMade = Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
constexpr auto kMostObserved = std::uint64_t{999'999'999};  // STIX 2.1, section 4.14

auto identity_id(std::string_view publisher) -> std::string { return stix::object_id("identity", publisher); }

/// What all our objects begin with: type, id, times, marking. The value names the object.
void begin_object(codec::JsonWriter &json, std::string_view type, std::string_view name, OutIndicator const &out) {
  json.begin_object().member("type", type).member("spec_version", "2.1").member("id", stix::object_id(type, name));
  json.member("created", out.first_seen).member("modified", std::max(out.first_seen, out.last_seen));
  json.key("object_marking_refs").begin_array().value(stix::marking_id(out.tlp)).end_array();
}

auto name_of(OutIndicator const &out) -> std::string {
  return std::string{to_string(out.value.type)} + " " + out.value.text;
}

void write_observed(OutIndicator const &out, std::string &to) {
  auto json = codec::JsonWriter{to};
  begin_object(json, "observed-data", name_of(out), out);
  json.member("first_observed", out.first_seen).member("last_observed", std::max(out.first_seen, out.last_seen));
  json.member("number_observed", std::clamp(out.count, std::uint64_t{1}, kMostObserved));
  json.key("object_refs").begin_array().value(stix::observable_id(out.value)).end_array().end_object();
}

void write_indicator(OutIndicator const &out, std::string &to) {
  auto json = codec::JsonWriter{to};
  begin_object(json, "indicator", name_of(out), out);
  json.member("name", out.value.text).key("indicator_types").begin_array().value("malicious-activity").end_array();
  json.member("pattern", stix::pattern(out.value)).member("pattern_type", "stix");
  json.member("valid_from", out.first_seen).member("valid_until", out.expires);
  if (out.value_only) {
    json.end_object();
    return;
  }
  json.member("confidence", out.confidence).key("labels").begin_array();
  for (auto const role : out.roles) json.value(to_string(role));
  for (auto const &tag : out.tags) json.value(tag);
  json.end_array().end_object();
}

void write_relationship(OutIndicator const &out, std::string &to) {
  auto json = codec::JsonWriter{to};
  begin_object(json, "relationship", name_of(out), out);
  json.member("relationship_type", "based-on").member("source_ref", stix::object_id("indicator", name_of(out)));
  json.member("target_ref", stix::object_id("observed-data", name_of(out))).end_object();
}

class Stix final : public Writer {
public:
  [[nodiscard]] auto about() const -> WriterAbout override {
    return {"indicators as a STIX 2.1 bundle", "application/stix+json;version=2.1", Subject::indicators};
  }

  void begin(std::string_view publisher, std::string &to) const override {
    to += "{\"type\":\"bundle\",\"id\":\"" + stix::object_id("bundle", publisher) + "\",\"objects\":[\n";
    auto json = codec::JsonWriter{to};
    json.begin_object().member("type", "identity").member("spec_version", "2.1").member("id", identity_id(publisher));
    json.member("created", kIdentityMade).member("modified", kIdentityMade);
    json.member("name", publisher.empty() ? std::string_view{"Noroshi"} : publisher);
    json.member("identity_class", "organization").end_object();
  }

  auto write(OutIndicator const &out, std::string &to) const -> bool override {
    auto const observable = !stix::observable_type(out.value).empty();
    auto const indicator = (out.value_only || out.blockable) && !stix::pattern(out.value).empty();
    if (!observable && !indicator) return false;
    if (observable) to += ",\n" + stix::observable(out.value);
    if (observable && !out.value_only) {
      to += ",\n";
      write_observed(out, to);
    }
    if (indicator) {
      to += ",\n";
      write_indicator(out, to);
    }
    if (observable && indicator && !out.value_only) {
      to += ",\n";
      write_relationship(out, to);
    }
    return true;
  }

  void end(std::string &to) const override { to += "\n]}\n"; }
};

}  // namespace

Registered<Writer, Stix> const stix_writer{"stix"};

}  // namespace noroshi::share
