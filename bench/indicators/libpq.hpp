// PostgreSQL's own client library, loaded where it is installed: neither building nor running needs it.
// Declarations as its documentation has them (PostgreSQL 15, chapter 34).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::bench {

struct PGconn;
struct PGresult;

/// One connection, blocking.
class Postgres {
public:
  /// not_found where the library is not installed; unavailable where the server does not answer (yet).
  static auto connect(std::string const &settings) -> Result<Postgres>;
  Postgres(Postgres &&other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Postgres(Postgres const &) = delete;
  auto operator=(Postgres &&) -> Postgres & = delete;
  auto operator=(Postgres const &) -> Postgres & = delete;
  ~Postgres();

  /// Statements without answer. A statement_timeout that passed is timed_out.
  auto run(std::string const &sql) -> Result<void>;
  /// The first column of the first row.
  auto text(std::string const &sql) -> Result<std::string>;

  // COPY … FROM STDIN: begin, any number of pieces, end.
  auto begin_copy(std::string const &sql) -> Result<void>;
  auto copy(std::string_view bytes) -> Result<void>;
  auto end_copy() -> Result<void>;
  /// COPY … TO STDOUT: hands over piece after piece, a row each.
  template <class Take>
  auto copy_out(std::string const &sql, Take take) -> Result<void> {
    TRY_VOID(begin_copy_out(sql));
    while (true) {
      TRY(auto const row, next_row());
      if (row.data() == nullptr) return ok;
      take(row);
    }
  }

  /// Prepares the one statement that send() executes: one binary parameter, binary answers.
  auto prepare(std::string const &sql) -> Result<void>;
  auto enter_pipeline() -> Result<void>;
  auto leave_pipeline() -> Result<void>;
  auto send(std::string const &parameter) -> Result<void>;
  /// The answer to the first statement sent that was not received yet; rows of two big-endian 64-bit numbers.
  template <class Take>
  auto receive(Take take) -> Result<void> {
    TRY(auto const answer, next_answer());
    for (auto row = 0; row < rows_of(answer.get()); ++row)
      take(number(answer.get(), row, 0), number(answer.get(), row, 1));
    return end_answer();
  }

private:
  struct Clear {
    void operator()(PGresult *result) const;
  };
  using Answer = std::unique_ptr<PGresult, Clear>;
  explicit Postgres(PGconn *connection) : connection_(connection) {}
  auto begin_copy_out(std::string const &sql) -> Result<void>;
  auto next_row() -> Result<std::string_view>;
  auto next_answer() -> Result<Answer>;
  auto end_answer() -> Result<void>;
  static auto rows_of(PGresult const *answer) -> int;
  static auto number(PGresult const *answer, int row, int column) -> std::int64_t;
  auto failed(std::string_view doing) -> Error;
  auto expect(PGresult *result, int status, std::string_view doing) -> Result<Answer>;

  PGconn *connection_ = nullptr;
  char *row_ = nullptr;
};

}  // namespace noroshi::bench
