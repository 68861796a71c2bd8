#include "sense/cast.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

namespace noroshi::sense {
namespace {

auto persona_files(std::string const &folder) -> Result<std::vector<std::string>> {
  auto files = std::vector<std::string>{};
  auto error = std::error_code{};
  for (auto const &entry : std::filesystem::directory_iterator{folder, error})
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  if (error)
    return fail(ErrorCode::not_found, "the persona folder {}: {}; it comes with the program (packs/personas)", folder,
                error.message());
  std::ranges::sort(files);
  return files;
}

auto sections_of(std::string_view name, Decoy const &decoy) -> std::vector<std::string_view> {
  auto sections = decoy.sections();
  if (sections.empty()) sections.push_back(name);
  return sections;
}

}  // namespace

auto Cast::create(std::string const &folder, std::string_view hostname, NodeSecret const &secret,
                  std::string const &kept) -> Result<Cast> {
  auto cast = Cast{};
  auto &personas = cast.personas_;
  personas.emplace_back();  // "plain", for decoys that show nothing of a persona
  TRY(auto const files, persona_files(folder));
  for (auto const &file : files) {
    TRY(auto persona, Persona::load(file));
    persona.set_secret(secret);
    if (!hostname.empty())
      persona.set("host.name", std::string{hostname});
    else if (auto name = persona.drawn("host name", persona.list("host.names")); !name.empty())
      persona.set("host.name", std::move(name));
    persona.keep_in(kept);
    personas.push_back(std::move(persona));
  }
  for (auto const &decoy : Registry<Decoy>::instance().names()) {
    auto const part = Registry<Decoy>::instance().create(decoy);
    auto const usual = std::string{part->usual_persona()};
    auto const sections = sections_of(decoy, *part);
    auto const fits = [&sections](Persona const &persona) {
      return std::ranges::all_of(sections, [&persona](auto section) { return persona.has(section); });
    };
    for (auto const &persona : personas)
      if (fits(persona) || (usual.empty() && persona.name() == "plain")) TRY_VOID(cast.dress(decoy, persona));
    if (cast.find(decoy, {}) == nullptr)
      return fail(ErrorCode::not_found, "the decoy {} needs the persona {}, which is not in {}", decoy, usual, folder);
  }
  return cast;
}

auto Cast::dress(std::string const &decoy, Persona const &persona) -> Result<void> {
  auto part = Registry<Decoy>::instance().create(decoy);
  TRY_VOID(part->dress(persona));
  for (auto const section : sections_of(decoy, *part)) TRY_VOID(persona.refuse_unread(section));
  decoys_[decoy].insert_or_assign(persona.name(), Dressed{std::move(part)});
  return ok;
}

auto Cast::find(std::string_view decoy, std::string_view persona) const -> Decoy const * {
  auto const found = decoys_.find(decoy);
  if (found == decoys_.end()) return nullptr;
  auto const chosen = found->second.find(worn(found->second, persona));
  return chosen == found->second.end() ? nullptr : chosen->second.decoy.get();
}

auto Cast::worn(Wardrobes const &dressed, std::string_view persona) -> std::string_view {
  auto const usual = dressed.begin()->second.decoy->usual_persona();
  return !persona.empty() ? persona : !usual.empty() ? usual : std::string_view{"plain"};
}

auto Cast::prepare(std::string_view decoy, std::string_view persona) -> Result<void> {
  auto const found = decoys_.find(decoy);
  if (found == decoys_.end()) return ok;
  auto const chosen = found->second.find(worn(found->second, persona));
  if (chosen == found->second.end() || chosen->second.is_prepared) return ok;
  TRY_VOID(chosen->second.decoy->prepare(*std::ranges::find(personas_, chosen->first, &Persona::name)));
  chosen->second.is_prepared = true;
  return ok;
}

auto Cast::prepare_all() -> Result<void> {
  for (auto const &[decoy, dressed] : decoys_)
    for (auto const &[persona, part] : dressed) TRY_VOID(prepare(decoy, persona));
  return ok;
}

auto Cast::service(std::string_view decoy) const -> std::string_view {
  auto const found = decoys_.find(decoy);
  return found == decoys_.end() ? std::string_view{} : std::string_view{found->first};
}

auto Cast::personas_of(std::string_view decoy) const -> std::vector<std::string> {
  auto names = std::vector<std::string>{};
  if (auto const found = decoys_.find(decoy); found != decoys_.end())
    for (auto const &[name, part] : found->second) names.push_back(name);
  return names;
}

}  // namespace noroshi::sense
