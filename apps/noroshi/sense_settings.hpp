// Configuration that the parents of the decoys child share.
#pragma once

#include <string>

#include "base/config.hpp"

namespace noroshi::apps {

inline ConfigKey<std::string> const kSenseUser{
    "sense.user", "nobody", "", "the unprivileged user that the decoys become where the node is started as root"};

inline ConfigKey<std::string> const kSenseSpace{"sense.space", "mixed", "dark, mixed or production",
                                                "what addresses the sensor sits among: dark (nobody has business "
                                                "there), mixed, production (real services beside it)"};

}  // namespace noroshi::apps
