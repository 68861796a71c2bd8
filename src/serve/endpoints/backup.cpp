// POST /api/v1/backup: {folder}: copies the data directory of the running node. Only over the node's own socket: it
// writes where it is told to.
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class Backup final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Copy the data directory; over the node's own socket only",
            .request = "NewBackup",
            .answer = "Backup",
            .status = 201};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_administer(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    if (!call.request.peer_uid)
      return fail(ErrorCode::malformed, "a backup is asked for on the node's own machine: noroshi backup FOLDER");
    TRY(auto const document, parse_object(call.request.body, {"folder"}));
    TRY(auto const folder, text_member(document.get_object(), "folder", Presence::required));
    TRY_VOID(call.services.catalogue.audit("backup", folder, "", call.viewer));
    TRY(auto summary, call.services.backup(folder));
    return json_reply(std::move(summary), 201);
  }
};

Registered<Endpoint, Backup> const backup{"POST /api/v1/backup"};

}  // namespace
}  // namespace noroshi::serve
