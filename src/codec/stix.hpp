// STIX 2.1 objects that stand for values (OASIS STIX 2.1, sections 2.9, 6 and 9): ids, patterns, observables.
#pragma once

#include <string>
#include <string_view>

#include "model/context.hpp"
#include "model/value.hpp"

namespace noroshi::codec::stix {

/// "ipv4-addr", "domain-name", "url", "email-addr", "file"… for a canonical value; empty for types that STIX 2.1 has no
/// observable for (imphash, JA3, JA4, HASSH, user agent, CVE, ATT&CK, wallets): these have no id and no object.
auto observable_type(model::Value const &value) -> std::string_view;
/// Deterministic, the same in every product: UUIDv5 over the canonical JSON of what identifies the object (2.9).
auto observable_id(model::Value const &value) -> std::string;
/// The whole object, as JSON.
auto observable(model::Value const &value) -> std::string;
/// "[ipv4-addr:value = '192.0.2.1']"; empty for types that no pattern can name. An imphash and a user agent have one,
/// though no observable.
auto pattern(model::Value const &value) -> std::string;
/// An id of ours: "TYPE--" and a UUIDv5 of `name`, the same at every export.
auto object_id(std::string_view type, std::string_view name) -> std::string;
/// The predefined marking of TLP 2.0 (FIRST and OASIS, "TLP 2.0 for STIX").
auto marking_id(model::Tlp marking) -> std::string_view;

}  // namespace noroshi::codec::stix
