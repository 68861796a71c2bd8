// What a sensor that has joined a node keeps below its data folder, in sensor/: its key, who its node is, and the last
// configuration that worked.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codec/enrolment_code.hpp"
#include "net/identity.hpp"

namespace noroshi::apps {

/// The node that a sensor reports to, as joining told it. joined_with: hash of the code's secret.
struct Membership {
  std::string name;  // of this sensor, at the node
  model::KeyPin node;
  std::vector<std::string> addresses;
  model::KeyPin joined_with;
};

/// What the node wants of this sensor, checked in form.
struct PushedConfiguration {
  std::uint64_t version = 0;
  std::string tag = "0-0";  // of nothing at all
  std::map<std::string, std::string> settings;
  struct Pack {
    std::string name, sha256;
  };
  std::vector<Pack> packs;

  /// "KEY=VALUE" for each setting.
  [[nodiscard]] auto overrides() const -> std::vector<std::string>;
  /// malformed where it is not what GET /peer/v1/configuration answers, or sets what a node may not set.
  static auto parse(std::string_view body) -> Result<PushedConfiguration>;
  [[nodiscard]] auto to_json() const -> std::string;
};

class SensorFolder {
public:
  /// Below the data folder `data`, made where it is missing. conflict where that is a node's.
  static auto open(std::string const &data) -> Result<SensorFolder>;

  [[nodiscard]] auto identity() const -> Result<net::Identity>;
  /// Nothing where this sensor never joined.
  [[nodiscard]] auto membership() const -> Result<std::optional<Membership>>;
  auto keep(Membership const &membership) const -> Result<void>;

  /// The last configuration that worked; the empty one before there was any.
  [[nodiscard]] auto configuration() const -> Result<PushedConfiguration>;
  auto keep(PushedConfiguration const &configuration) const -> Result<void>;

  /// Content of a pack by its hash, where it is here already.
  [[nodiscard]] auto pack(std::string const &sha256) const -> std::optional<std::string>;
  auto keep_pack(std::string const &sha256, std::string const &content) const -> Result<void>;
  /// A packs folder with what the program ships and these packs before it. Replaces an earlier one of the same tag.
  [[nodiscard]] auto lay_out_packs(PushedConfiguration const &configuration) const -> Result<std::string>;

  /// Observations that earlier writers of the spool dropped, by the epoch of the last one.
  struct Drops {
    std::uint64_t before = 0;  // of epochs that are over
    std::uint64_t epoch = 0;
    std::uint64_t in_epoch = 0;
    [[nodiscard]] auto all() const -> std::uint64_t { return before + in_epoch; }
  };
  [[nodiscard]] auto drops() const -> Drops;
  auto keep(Drops const &drops) const -> Result<void>;

  [[nodiscard]] auto spool() const -> std::string { return data_ + "/spool"; }

private:
  explicit SensorFolder(std::string data) : data_(std::move(data)), folder_(data_ + "/sensor") {}
  std::string data_, folder_;
};

}  // namespace noroshi::apps
