#include "bench/indicators/libpq.hpp"

#include <dlfcn.h>
#include <endian.h>
#include <cstring>

namespace noroshi::bench {

namespace {

// ExecStatusType of libpq-fe.h.
constexpr auto kCommandOk = 1, kTuplesOk = 2, kCopyOut = 3, kCopyIn = 4, kPipelineSync = 10;

struct Library {
  void *handle = nullptr;
  PGconn *(*connectdb)(char const *) = nullptr;
  int (*status)(PGconn const *) = nullptr;
  char *(*errorMessage)(PGconn const *) = nullptr;
  void (*finish)(PGconn *) = nullptr;
  PGresult *(*exec)(PGconn *, char const *) = nullptr;
  int (*resultStatus)(PGresult const *) = nullptr;
  char *(*resultErrorField)(PGresult const *, int) = nullptr;
  void (*clear)(PGresult *) = nullptr;
  int (*ntuples)(PGresult const *) = nullptr;
  char *(*getvalue)(PGresult const *, int, int) = nullptr;
  int (*putCopyData)(PGconn *, char const *, int) = nullptr;
  int (*putCopyEnd)(PGconn *, char const *) = nullptr;
  int (*getCopyData)(PGconn *, char **, int) = nullptr;
  PGresult *(*getResult)(PGconn *) = nullptr;
  void (*freemem)(void *) = nullptr;
  PGresult *(*prepare)(PGconn *, char const *, char const *, int, unsigned const *) = nullptr;
  int (*sendQueryPrepared)(PGconn *, char const *, int, char const *const *, int const *, int const *, int) = nullptr;
  int (*enterPipelineMode)(PGconn *) = nullptr;
  int (*exitPipelineMode)(PGconn *) = nullptr;
  int (*pipelineSync)(PGconn *) = nullptr;
};

auto load() -> Library {
  auto library = Library{};
  library.handle = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library.handle == nullptr) return library;
  auto const find = [&]<class Function>(Function *&function, char const *name) {
    function = reinterpret_cast<Function *>(::dlsym(library.handle, name));
    if (function == nullptr) library.handle = nullptr;
  };
  find(library.connectdb, "PQconnectdb");
  find(library.status, "PQstatus");
  find(library.errorMessage, "PQerrorMessage");
  find(library.finish, "PQfinish");
  find(library.exec, "PQexec");
  find(library.resultStatus, "PQresultStatus");
  find(library.resultErrorField, "PQresultErrorField");
  find(library.clear, "PQclear");
  find(library.ntuples, "PQntuples");
  find(library.getvalue, "PQgetvalue");
  find(library.putCopyData, "PQputCopyData");
  find(library.putCopyEnd, "PQputCopyEnd");
  find(library.getCopyData, "PQgetCopyData");
  find(library.getResult, "PQgetResult");
  find(library.freemem, "PQfreemem");
  find(library.prepare, "PQprepare");
  find(library.sendQueryPrepared, "PQsendQueryPrepared");
  find(library.enterPipelineMode, "PQenterPipelineMode");
  find(library.exitPipelineMode, "PQexitPipelineMode");
  find(library.pipelineSync, "PQpipelineSync");
  return library;
}

auto pq() -> Library const & {
  static auto const library = load();
  return library;
}

}  // namespace

void Postgres::Clear::operator()(PGresult *result) const { pq().clear(result); }

auto Postgres::connect(std::string const &settings) -> Result<Postgres> {
  if (pq().handle == nullptr)
    return fail(ErrorCode::not_found, "libpq.so.5 of PostgreSQL 14 or later is not installed");
  auto made = Postgres{pq().connectdb(settings.c_str())};
  if (made.connection_ == nullptr || pq().status(made.connection_) != 0) {
    auto error = made.failed("connecting");
    error.code = ErrorCode::unavailable;
    return error;
  }
  return made;
}

Postgres::~Postgres() {
  if (row_ != nullptr) pq().freemem(row_);
  if (connection_ != nullptr) pq().finish(connection_);
}

auto Postgres::failed(std::string_view doing) -> Error {
  return fail(ErrorCode::internal, "PostgreSQL, {}: {}", doing.substr(0, 80), pq().errorMessage(connection_));
}

auto Postgres::expect(PGresult *result, int status, std::string_view doing) -> Result<Answer> {
  auto answer = Answer{result};
  if (result != nullptr && pq().resultStatus(result) == status) return answer;
  auto error = failed(doing);
  auto const *const code = result == nullptr ? nullptr : pq().resultErrorField(result, 'C');
  if (code != nullptr && std::string_view{code} == "57014") error.code = ErrorCode::timed_out;
  return error;
}

auto Postgres::run(std::string const &sql) -> Result<void> {
  auto const answer = Answer{pq().exec(connection_, sql.c_str())};
  auto const status = answer ? pq().resultStatus(answer.get()) : -1;
  if (status == kCommandOk || status == kTuplesOk) return ok;
  auto const *const code = answer ? pq().resultErrorField(answer.get(), 'C') : nullptr;
  auto error = failed(sql);
  if (code != nullptr && std::string_view{code} == "57014") error.code = ErrorCode::timed_out;
  return error;
}

auto Postgres::text(std::string const &sql) -> Result<std::string> {
  TRY(auto const answer, expect(pq().exec(connection_, sql.c_str()), kTuplesOk, sql));
  if (pq().ntuples(answer.get()) == 0) return fail(ErrorCode::not_found, "no row: {}", sql);
  return std::string{pq().getvalue(answer.get(), 0, 0)};
}

auto Postgres::begin_copy(std::string const &sql) -> Result<void> {
  TRY_VOID(expect(pq().exec(connection_, sql.c_str()), kCopyIn, sql));
  return ok;
}

auto Postgres::copy(std::string_view bytes) -> Result<void> {
  if (pq().putCopyData(connection_, bytes.data(), static_cast<int>(bytes.size())) != 1) return failed("copying");
  return ok;
}

auto Postgres::end_copy() -> Result<void> {
  if (pq().putCopyEnd(connection_, nullptr) != 1) return failed("copying");
  TRY_VOID(expect(pq().getResult(connection_), kCommandOk, "copying"));
  while (auto const rest = Answer{pq().getResult(connection_)}) {
  }
  return ok;
}

auto Postgres::begin_copy_out(std::string const &sql) -> Result<void> {
  TRY_VOID(expect(pq().exec(connection_, sql.c_str()), kCopyOut, sql));
  return ok;
}

auto Postgres::next_row() -> Result<std::string_view> {
  if (row_ != nullptr) pq().freemem(std::exchange(row_, nullptr));
  auto const size = pq().getCopyData(connection_, &row_, 0);
  if (size > 0) return std::string_view{row_, static_cast<std::size_t>(size)};
  if (size != -1) return failed("reading");
  TRY_VOID(expect(pq().getResult(connection_), kCommandOk, "reading"));
  while (auto const rest = Answer{pq().getResult(connection_)}) {
  }
  return std::string_view{};
}

auto Postgres::prepare(std::string const &sql) -> Result<void> {
  TRY_VOID(expect(pq().prepare(connection_, "ask", sql.c_str(), 1, nullptr), kCommandOk, sql));
  return ok;
}

auto Postgres::enter_pipeline() -> Result<void> {
  if (pq().enterPipelineMode(connection_) != 1) return failed("entering pipeline mode");
  return ok;
}

auto Postgres::leave_pipeline() -> Result<void> {
  if (pq().exitPipelineMode(connection_) != 1) return failed("leaving pipeline mode");
  return ok;
}

auto Postgres::send(std::string const &parameter) -> Result<void> {
  auto const *const value = parameter.data();
  auto const length = static_cast<int>(parameter.size());
  auto const format = 1;
  if (pq().sendQueryPrepared(connection_, "ask", 1, &value, &length, &format, 1) != 1 ||
      pq().pipelineSync(connection_) != 1)
    return failed("sending");
  return ok;
}

auto Postgres::next_answer() -> Result<Answer> { return expect(pq().getResult(connection_), kTuplesOk, "answering"); }

/// Behind each answer come nothing and the end of the pipeline's part.
auto Postgres::end_answer() -> Result<void> {
  if (auto const nothing = Answer{pq().getResult(connection_)}) return failed("answering");
  TRY_VOID(expect(pq().getResult(connection_), kPipelineSync, "answering"));
  return ok;
}

auto Postgres::rows_of(PGresult const *answer) -> int { return pq().ntuples(answer); }

auto Postgres::number(PGresult const *answer, int row, int column) -> std::int64_t {
  auto bits = std::uint64_t{0};
  std::memcpy(&bits, pq().getvalue(answer, row, column), sizeof bits);
  return static_cast<std::int64_t>(be64toh(bits));
}

}  // namespace noroshi::bench
