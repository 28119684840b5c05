// Named places at which a test has the process killed, to show that nothing is lost or doubled there. In the program
// the hook is never set, and a point costs one comparison; tests/faults/crash_hook.cc sets it in a build of its own.
#ifndef REPLICATOR_OFFSETS_CRASH_POINT_H_
#define REPLICATOR_OFFSETS_CRASH_POINT_H_

namespace replicator {

inline void (*crash_hook)(const char* point) = nullptr;

inline void CrashPoint(const char* point) {
  if (crash_hook != nullptr) crash_hook(point);
}

}  // namespace replicator

#endif  // REPLICATOR_OFFSETS_CRASH_POINT_H_
