# g++ 12 destroys temporaries twice in expressions with co_await (measured), and clang below 19 finds no <expected> in
# libstdc++ 12; so neither is accepted.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
else()
  message(FATAL_ERROR "Noroshi needs clang 19 or later, or g++ 13 or later; this is ${CMAKE_CXX_COMPILER_ID} "
                      "${CMAKE_CXX_COMPILER_VERSION}. On Debian 12: apt-get install clang-19, then cmake -DCMAKE_CXX_COMPILER=clang++-19")
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Lines are all that a stack needs; more costs a tenth of the build.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)  # as libraries are, so that one precompiled header serves both

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wno-missing-field-initializers)
endif()
add_link_options(-Wl,-z,relro,-z,now)

set(NOROSHI_SANITIZE "" CACHE STRING "address,undefined or thread; empty for none")
if(NOROSHI_SANITIZE)
  add_compile_options(-fsanitize=${NOROSHI_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -U_FORTIFY_SOURCE)
  add_link_options(-fsanitize=${NOROSHI_SANITIZE})
  if(NOROSHI_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fsanitize=fuzzer-no-link)  # so that fuzzers see which branches an input reaches
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Without these it keeps no file that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
find_program(LLD NAMES ld.lld-19 ld.lld)
if(LLD)
  add_link_options(--ld-path=${LLD})
endif()
