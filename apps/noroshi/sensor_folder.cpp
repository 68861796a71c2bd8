#include "apps/noroshi/sensor_folder.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <set>

#include <boost/json.hpp>

#include "apps/noroshi/json_text.hpp"
#include "base/file.hpp"
#include "base/packs.hpp"
#include "serve/peer_packs.hpp"

namespace noroshi::apps {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

// Two hundred settings of 16 KiB and a list of packs.
constexpr auto kMaxFileBytes = std::uint64_t{4} << 20;
constexpr auto kMaxSettings = std::size_t{200};

auto parse_json(std::string_view text, std::string_view what) -> Result<json::object> {
  auto error = json::error_code{};
  auto document = json::parse(text, error);
  if (error || !document.is_object()) return fail(ErrorCode::malformed, "{} is not a JSON object", what);
  return std::move(document.get_object());
}

auto number_of(json::object const &object, std::string_view name) -> std::uint64_t {
  auto const *const member = object.if_contains(name);
  auto error = json::error_code{};
  auto const number = member == nullptr ? 0 : member->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

auto is_sha256(std::string_view text) -> bool { return model::KeyPin::parse(text).has_value(); }

auto make_folder(std::string const &path) -> Result<void> {
  auto error = std::error_code{};
  fs::create_directories(path, error);
  if (error) return file_error(error.value(), "cannot make the folder", path);
  if (::chmod(path.c_str(), 0700) != 0) return file_error(errno, "cannot restrict the folder", path);
  return ok;
}

/// Links, so that a packs folder of its own costs no copies.
auto link_all(fs::path const &from, fs::path const &to) -> Result<void> {
  auto error = std::error_code{};
  for (auto const &entry : fs::directory_iterator{from, error}) {
    if (entry.path().filename() == "personas") continue;
    fs::create_symlink(fs::absolute(entry.path()), to / entry.path().filename(), error);
    if (error) return file_error(error.value(), "cannot link", (to / entry.path().filename()).string());
  }
  if (error) return file_error(error.value(), "cannot read the folder", from.string());
  return ok;
}

/// Where the packs of this configuration are laid out together.
auto set_name(PushedConfiguration const &configuration) -> std::string {
  auto all = std::string{};
  for (auto const &pack : configuration.packs) all += pack.name + pack.sha256;
  return "set-" + codec::sha256(all).to_string().substr(0, 16);
}

/// Best effort: what cannot be deleted now goes with the next configuration.
void forget_packs_but(std::string const &folder, PushedConfiguration const &configuration) {
  auto kept = std::set<std::string>{};
  if (!configuration.packs.empty()) kept.insert(set_name(configuration));
  for (auto const &pack : configuration.packs) kept.insert(pack.sha256);
  auto others = std::vector<fs::path>{};
  auto error = std::error_code{};
  for (auto const &entry : fs::directory_iterator{folder, error})
    if (!kept.contains(entry.path().filename().string())) others.push_back(entry.path());
  for (auto const &path : others) fs::remove_all(path, error);
}

}  // namespace

auto PushedConfiguration::overrides() const -> std::vector<std::string> {
  auto all = std::vector<std::string>{};
  for (auto const &[key, value] : settings) all.push_back(key + "=" + value);
  return all;
}

auto PushedConfiguration::parse(std::string_view body) -> Result<PushedConfiguration> {
  TRY(auto const object, parse_json(body, "the configuration"));
  auto wanted = PushedConfiguration{};
  wanted.version = number_of(object, "version");
  wanted.tag = text_of(object, "tag");
  for (auto const &[name, value] : object_of(object, "settings")) {
    auto const key = std::string{name};
    // As the node checks; but a sensor does not rely on that.
    if (!key.starts_with("sense.") || key == "sense.user")
      return fail(ErrorCode::denied, "the node may not set {} here; only sense.… keys but sense.user", key);
    if (!value.is_string()) return fail(ErrorCode::malformed, "the setting {} is not a text", key);
    wanted.settings[key] = std::string{value.get_string()};
  }
  for (auto const &entry : list_of(object, "packs")) {
    auto const &pack = object_of(entry);
    wanted.packs.push_back({text_of(pack, "name"), text_of(pack, "sha256")});
    if (!serve::is_pack_name(wanted.packs.back().name) || !is_sha256(wanted.packs.back().sha256))
      return fail(ErrorCode::malformed, "the configuration names a pack that cannot be one");
  }
  if (wanted.settings.size() > kMaxSettings || wanted.packs.size() > serve::kMaxPacks)
    return fail(ErrorCode::too_large, "the configuration has {} settings and {} packs; at most {} and {} are taken",
                wanted.settings.size(), wanted.packs.size(), kMaxSettings, serve::kMaxPacks);
  return wanted;
}

auto PushedConfiguration::to_json() const -> std::string {
  auto set = json::object{};
  for (auto const &[key, value] : settings) set[key] = value;
  auto list = json::array{};
  for (auto const &pack : packs) list.push_back(json::object{{"name", pack.name}, {"sha256", pack.sha256}});
  return json::serialize(
      json::object{{"version", version}, {"tag", tag}, {"settings", std::move(set)}, {"packs", std::move(list)}});
}

auto SensorFolder::open(std::string const &data) -> Result<SensorFolder> {
  if (fs::exists(data + "/catalogue.sqlite"))
    return fail(ErrorCode::conflict, "{} is a node's data directory; give the sensor one of its own with --data DIR",
                data);
  auto folder = SensorFolder{data};
  for (auto const &path : {data, folder.folder_, folder.folder_ + "/packs"}) TRY_VOID(make_folder(path));
  return folder;
}

auto SensorFolder::identity() const -> Result<net::Identity> {
  return net::load_or_make_identity(folder_ + "/identity.pem", "noroshi sensor");
}

auto SensorFolder::membership() const -> Result<std::optional<Membership>> {
  auto const path = folder_ + "/node.json";
  auto const text = read_file(path, kMaxFileBytes);
  if (!text && text.error().code == ErrorCode::not_found) return std::optional<Membership>{};
  if (!text) return text.error();
  TRY(auto const object, parse_json(*text, path));
  auto membership = Membership{};
  membership.name = text_of(object, "name");
  TRY(membership.node, model::KeyPin::parse(text_of(object, "node_key")));
  TRY(membership.joined_with, model::KeyPin::parse(text_of(object, "joined_with")));
  for (auto const &address : list_of(object, "addresses")) membership.addresses.push_back(text_of(address));
  return std::optional{std::move(membership)};
}

auto SensorFolder::keep(Membership const &membership) const -> Result<void> {
  auto addresses = json::array{};
  for (auto const &address : membership.addresses) addresses.push_back(json::string{address});
  auto const object = json::object{{"name", membership.name},
                                   {"node_key", membership.node.to_string()},
                                   {"addresses", std::move(addresses)},
                                   {"joined_with", membership.joined_with.to_string()}};
  return write_file_durably(folder_ + "/node.json", json::serialize(object) + "\n");
}

auto SensorFolder::configuration() const -> Result<PushedConfiguration> {
  auto const text = read_file(folder_ + "/configuration.json", kMaxFileBytes);
  if (!text && text.error().code == ErrorCode::not_found) return PushedConfiguration{};
  if (!text) return text.error();
  return PushedConfiguration::parse(*text);
}

auto SensorFolder::keep(PushedConfiguration const &configuration) const -> Result<void> {
  TRY_VOID(write_file_durably(folder_ + "/configuration.json", configuration.to_json() + "\n"));
  forget_packs_but(folder_ + "/packs", configuration);
  return ok;
}

auto SensorFolder::pack(std::string const &sha256) const -> std::optional<std::string> {
  auto content = read_file(folder_ + "/packs/" + sha256, serve::kMaxPackBytes);
  if (!content || codec::sha256(*content).to_string() != sha256) return std::nullopt;
  return *std::move(content);
}

auto SensorFolder::keep_pack(std::string const &sha256, std::string const &content) const -> Result<void> {
  if (codec::sha256(content).to_string() != sha256)
    return fail(ErrorCode::malformed, "the node sent another pack than the one with hash {}", sha256);
  return write_file_durably(folder_ + "/packs/" + sha256, content);
}

auto SensorFolder::lay_out_packs(PushedConfiguration const &configuration) const -> Result<std::string> {
  TRY(auto const shipped, packs_folder());
  if (configuration.packs.empty()) return shipped;
  auto const folder = fs::path{folder_} / "packs" / set_name(configuration);
  auto error = std::error_code{};
  fs::remove_all(folder, error);
  TRY_VOID(make_folder((folder / "personas").string()));
  TRY_VOID(link_all(shipped, folder));
  TRY_VOID(link_all(fs::path{shipped} / "personas", folder / "personas"));
  for (auto const &pack : configuration.packs) {
    auto const content = this->pack(pack.sha256);
    if (!content) return fail(ErrorCode::not_found, "the pack {} is not here yet", pack.name);
    fs::remove(folder / "personas" / pack.name, error);
    TRY_VOID(write_file_durably((folder / "personas" / pack.name).string(), *content, 0644));
  }
  return folder.string();
}

auto SensorFolder::drops() const -> Drops {
  auto const text = read_file(folder_ + "/drops.json", kMaxFileBytes);
  if (!text) return {};
  auto const object = parse_json(*text, "drops.json");
  if (!object) return {};
  return {number_of(*object, "before"), number_of(*object, "epoch"), number_of(*object, "in_epoch")};
}

auto SensorFolder::keep(Drops const &drops) const -> Result<void> {
  auto const object = json::object{{"before", drops.before}, {"epoch", drops.epoch}, {"in_epoch", drops.in_epoch}};
  return write_file_durably(folder_ + "/drops.json", json::serialize(object) + "\n");
}

}  // namespace noroshi::apps
