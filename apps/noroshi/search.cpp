// noroshi search: who knows these values? And what is known in a range, below a domain, with a text inside?
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/search_output.hpp"
#include "apps/noroshi/values_input.hpp"
#include "base/text.hpp"

namespace noroshi::apps {

namespace {

// One request's worth: big enough that requests cost nothing, small enough that answers come while the file is read.
constexpr auto kValuesAtOnce = std::size_t{10'000};

auto exit_of(SearchSummary const &summary) -> Exit {
  return summary.known > 0 && summary.status == "answered" ? Exit::done : Exit::incomplete;
}

auto request_of(std::string method, std::string path) -> net::HttpRequest {
  auto request = net::HttpRequest{};
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

class Search final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "who knows these values?"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi search VALUE…\n"
           "noroshi search -f FILE            one value a line, # begins a comment\n"
           "noroshi search -f -               the same from standard input\n"
           "noroshi search --in RANGE         what is known in a block: addresses, and blocks inside it\n"
           "noroshi search --below DOMAIN     the domain, names below it, URLs and e-mail addresses there\n"
           "noroshi search --containing TEXT  values with this text inside\n\n"
           "A value is an IP address, CIDR block, domain, URL, e-mail address or file hash, defanged or not.\n"
           "KNOWN tells how much a hit is worth (weak, medium, strong), WHY says it in words.\n"
           "--in, --below and --containing go together with each other and with --type. They look at every\n"
           "indicator: answers come as they are found, in no order, and after --timeout it ends with what it has.\n"
           "Exit code 0: something is known; 1: nothing is, or not all was answered (the last line says which).\n\n"
           "Examples:\n"
           "  noroshi search 198.51.100.7 'hxxp://bad[.]example/x.sh'\n"
           "  grep -oE '([0-9]+\\.){3}[0-9]+' access.log | sort -u | noroshi search -f - --format json\n"
           "  noroshi search --below example.com --type url --timeout 300";
  }
  void set_up(CLI::App &app) override {
    app.add_option("VALUE", values_,
                   "values to look up, TYPE:VALUE where the type does not show (mutex:NAME, file_name:NAME)");
    app.add_option("-f,--file", file_, "file with one value a line; - is standard input");
    app.add_option("--in", in_, "find addresses and blocks inside this block")->type_name("RANGE");
    app.add_option("--below", below_, "find this domain, names below it, URLs and e-mail addresses there")
        ->type_name("DOMAIN");
    app.add_option("--containing", containing_, "find values with this text inside")->type_name("TEXT");
    app.add_option("--type", type_, "of what is found, only this type: ip, cidr, domain, url…")->type_name("TYPE");
    app.add_option("--timeout", timeout_, "seconds after which finding ends; default: 60")->type_name("SECONDS");
    add_format(app, format_);
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY_VOID(check_use());
    TRY(auto client, Client::open(global));
    auto output = SearchOutput{format_};
    auto const outcome = finds() ? find(client, output) : look_up(client, output);
    // Where nothing was answered there is only the error to tell of.
    if (!outcome && (output.answers() == 0 || outcome.error().code == ErrorCode::internal)) return outcome.error();
    if (!outcome) output.summary().add(outcome.error());
    if (!finds() && output.summary().values == 0 && outcome)
      return fail(ErrorCode::malformed, "{} holds no value", file_ == "-" ? "standard input" : file_);
    output.finish();
    return exit_of(output.summary());
  }

private:
  [[nodiscard]] auto finds() const -> bool { return !in_.empty() || !below_.empty() || !containing_.empty(); }

  [[nodiscard]] auto check_use() const -> Result<void> {
    if (finds() && !(values_.empty() && file_.empty()))
      return fail(ErrorCode::malformed,
                  "values are looked up, and --in, --below and --containing find others: ask for one or the other");
    if (!finds() && (!type_.empty() || !timeout_.empty()))
      return fail(ErrorCode::malformed, "--type and --timeout go with --in, --below or --containing");
    if (!finds() && values_.empty() && file_.empty())
      return fail(ErrorCode::malformed, "search needs a value, or a file with -f; see noroshi search --help");
    for (auto const &value : values_)
      if (value.find_first_not_of(" \t\r\n") == std::string::npos)
        return fail(ErrorCode::malformed, "a VALUE to search is empty; see noroshi search --help");
    return ok;
  }

  auto look_up(Client &client, SearchOutput &output) const -> Result<void> {
    return each_values(values_, file_, kValuesAtOnce, [&](std::vector<std::string> const &values) -> Result<void> {
      auto request = request_of("POST", "/api/v1/search");
      request.body = body_of(values);
      TRY_VOID(client.stream(std::move(request), [&](std::string_view piece) { return output.take(piece); }));
      output.progress().show(fmt::format("{} values", output.answers()));
      return ok;
    });
  }

  auto find(Client &client, SearchOutput &output) const -> Result<void> {
    auto request = request_of("GET", "/api/v1/indicators");
    for (auto const &[name, text] :
         {std::pair{"in", &in_}, std::pair{"below", &below_}, std::pair{"containing", &containing_},
          std::pair{"type", &type_}, std::pair{"timeout", &timeout_}})
      if (!text->empty()) request.query.emplace_back(name, *text);
    return client.stream(std::move(request), [&](std::string_view piece) { return output.take(piece); });
  }

  static auto body_of(std::vector<std::string> const &values) -> std::string {
    auto list = boost::json::array{};
    // JSON carries text only; what a file holds beside is asked about in its lossless form, and answered as unreadable.
    for (auto const &value : values)
      list.emplace_back(boost::json::string{is_utf8(value) ? value : lossless_utf8(value)});
    return boost::json::serialize(boost::json::object{{"values", std::move(list)}});
  }

  std::vector<std::string> values_;
  std::string file_, in_, below_, containing_, type_, timeout_;
  Format format_ = Format::table;
};

}  // namespace

Registered<Command, Search> const search{"search"};

}  // namespace noroshi::apps
