#include "model/ports/sensor_registry.hpp"

#include "model/words.hpp"

namespace noroshi::model {

namespace {
constexpr auto kSensorStates = std::array{
    Word{SensorState::local, "local"},
    Word{SensorState::joined, "joined"},
    Word{SensorState::revoked, "revoked"},
    Word{SensorState::invited, "invited"},
};
}  // namespace

auto to_string(SensorState state) -> std::string_view { return word_of(kSensorStates, state); }

}  // namespace noroshi::model
