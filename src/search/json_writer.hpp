// The JSON writer under the name that questions and answers use.
#pragma once

#include "codec/json_writer.hpp"

namespace noroshi::search {
using codec::JsonWriter;
}
