#include "serve/sensor_health.hpp"

#include <vector>

namespace noroshi::serve {

void SensorHealthBook::note(model::SensorHealth health) {
  auto const lock = std::lock_guard{mutex_};
  news_.insert_or_assign(health.sensor, std::move(health));
}

auto SensorHealthBook::flush() -> Result<void> {
  auto taken = std::map<model::SensorId, model::SensorHealth>{};
  {
    auto const lock = std::lock_guard{mutex_};
    taken.swap(news_);
  }
  if (taken.empty()) return ok;
  auto health = std::vector<model::SensorHealth>{};
  health.reserve(taken.size());
  for (auto const &[sensor, one] : taken) health.push_back(one);
  auto const written = registry_.note_health(health);
  if (written) return ok;
  auto const lock = std::lock_guard{mutex_};
  news_.merge(taken);  // what came in meanwhile is newer and stays
  return written;
}

}  // namespace noroshi::serve
